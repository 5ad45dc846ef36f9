/** Restores a codec from the `tokenizer.json` that was saved beside a model. */

import { DataError, shown, shownList } from '../errors.ts'
import type { TextCodec } from './text-codec.ts'
import { vocabularyCodecFromJSON } from './word-codec.ts'

/** Makes a codec from a `tokenizer.json`, as `JSON.parse` gives it; `file` is its name for messages. */
export type TextCodecReader = (json: unknown, file?: string) => TextCodec

/**
 * Restores a codec from its `tokenizer.json` as `JSON.parse` gives it. Codecs of words and characters are read here;
 * readers of other models are given by the type of the model: `{ BPE: subwordCodecFromJSON }` with the function from
 * `@rnn/data/subwords`, so that nobody loads what they do not use. Throws `E_JSON`; `file` names it in the message.
 *
 * @example
 * ```ts
 * import { characterCodec, textCodecFromJSON } from '@rnn/data'
 * const saved = JSON.stringify(characterCodec(['ab', 'c']))
 * textCodecFromJSON(JSON.parse(saved)).encode('cab') // → [6, 4, 5]
 * ```
 */
export function textCodecFromJSON(
  json: unknown,
  readers: Readonly<Record<string, TextCodecReader>> = {},
  file?: string,
): TextCodec {
  const { model } = (json ?? {}) as { readonly model?: unknown }
  const { type } = (model ?? {}) as { readonly type?: unknown }
  const own = typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined
  if (own !== undefined) return own(json, file)
  if (type === 'WordLevel') return vocabularyCodecFromJSON(json, { file })
  const known = ['WordLevel', ...Object.keys(readers)]
  throw new DataError('E_JSON', {
    problem: `not a tokenizer.json that can be read here: the model is of type ${shown(type)}, known: ${shownList(known)}`,
    file,
    got: type,
    expected: known,
    ...(type === 'BPE' && { fix: "give { BPE: subwordCodecFromJSON }, which comes from '@rnn/data/subwords'" }),
  })
}
