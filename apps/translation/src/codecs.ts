/** What stands between sentences and the network: a codec for each language. */

import {
  characterCodec,
  checkKnownTokens,
  textCodecFromJSON,
  wordCodec,
  words,
  characters,
  type TextCodec,
} from '@rnn/data'
import { subwordCodec, subwordCodecFromJSON } from '@rnn/data/subwords'
import { AppError } from 'app-kit/errors'
import type { Pairs } from './data-sources.ts'
import type { Settings } from './settings.ts'

/** The codecs of both languages. */
export interface Codecs {
  readonly source: TextCodec
  readonly target: TextCodec
}

/** Learns codecs from the training pairs. @throws E_OPTION for a vocabulary that leaves nothing but unknowns */
export function learnCodecs({ file, pairs }: Pairs, settings: Settings): Codecs {
  const side = (name: 'source' | 'target'): TextCodec => {
    const texts = pairs.map((pair) => pair[name])
    const codec = learn(texts, settings)
    if (codec.tokens.length > 4) {
      checkKnownTokens(sample(texts, codec), codec.unknownId, { file })
      return codec
    }
    const fix = 'give a smaller --min-frequency or a larger --vocabulary'
    throw new AppError('E_OPTION', `${file}: every ${name} token is unknown to a vocabulary of this kind`, fix)
  }
  return { source: side('source'), target: side('target') }
}

function learn(texts: readonly string[], { tokens, vocabulary, minFrequency, lowerCase }: Settings): TextCodec {
  switch (tokens) {
    case 'words':
      return wordCodec(texts, { tokenizer: words({ lowerCase }), maxSize: vocabulary, minFrequency })
    case 'characters':
      return characterCodec(texts, { tokenizer: characters({ lowerCase }), maxSize: vocabulary, minFrequency })
    case 'subwords':
      return subwordCodec(texts, { size: vocabulary, minFrequency, lowerCase })
  }
}

function* sample(texts: readonly string[], codec: TextCodec): Generator<Int32Array> {
  for (const text of texts) yield codec.encode(text)
}

/** Restores a codec from the `tokenizer.json` beside a model. @throws E_JSON */
export function codecFromJSON(json: unknown, file: string): TextCodec {
  return textCodecFromJSON(json, { BPE: subwordCodecFromJSON }, file)
}
