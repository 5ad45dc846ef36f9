/** The network: an encoder that reads both ways, a decoder that attends to it, and the vocabulary predicted from state, context and last word. */

import { normalInitializer } from '@rnn/core'
import {
  additiveAttention,
  bidirectional,
  concatAttention,
  dotAttention,
  embedding,
  encoderDecoder,
  generalAttention,
  gru,
  lstm,
  multiHeadAttention,
  simpleRnn,
  type Attention,
  type EncoderDecoder,
  type Recurrent,
} from '@rnn/layers'
import type { TextCodec } from '@rnn/data'
import type { Settings } from './settings.ts'

const cells: Readonly<Record<Settings['cell'], (units: number, layers: number) => Recurrent>> = {
  gru: (units, layers) => gru({ units, layers }),
  lstm: (units, layers) => lstm({ units, layers }),
  simple: (units, layers) => simpleRnn({ units, layers }),
}

const attentions: Readonly<Record<Settings['attention'], (units: number) => Attention | undefined>> = {
  additive: (units) => additiveAttention({ units }),
  dot: () => dotAttention(),
  general: () => generalAttention(),
  concat: (units) => concatAttention({ units }),
  'multi-head': (units) => multiHeadAttention({ units, heads: 4 }),
  none: () => undefined,
}

/** Vectors that differ by as much as the states that they move: from small ones the output layer learns how frequent words are long before anything else, and saturates all that comes before it. */
const initializer = normalInitializer(1)

/** A translator of ids whose vocabularies have these sizes. Not initialised yet. */
export function translationModel(settings: Settings, sourceSize: number, targetSize: number): EncoderDecoder {
  const { cell, units, layers, dropout } = settings
  const attention = attentions[settings.attention](units)
  return encoderDecoder({
    source: embedding({ vocabularySize: sourceSize, units: settings.embedding, paddingIndex: 0, initializer }),
    // A dot product asks for a memory as wide as the decoder.
    encoder: bidirectional(cells[cell](units, layers), settings.attention === 'dot' ? { merge: 'sum' } : {}),
    target: embedding({ vocabularySize: targetSize, units: settings.embedding, paddingIndex: 0, initializer }),
    decoder: cells[cell](units, layers),
    ...(attention && { attention }),
    readoutUnits: settings.embedding,
    dropout,
    readoutDropout: dropout,
    teacherForcing: settings.teacherForcing,
  })
}

/**
 * Lets the output start from how frequent each word is: `ln p` as its bias. Otherwise the first hundreds of steps would teach nothing else.
 *
 * @param targets ids of the training targets, without start and end
 */
export function startFromFrequencies(
  { output }: EncoderDecoder,
  targets: Iterable<Int32Array>,
  { size, endId }: Pick<TextCodec, 'size' | 'endId'>,
): void {
  const counts = new Float64Array(size).fill(0.1) // a word that never comes is unlikely, not impossible
  let total = 0.1 * size
  for (const ids of targets) {
    for (const id of ids) counts[id]! += 1
    counts[endId]! += 1
    total += ids.length + 1
  }
  output.bias.assign(Float32Array.from(counts, (count) => Math.log(count / total)))
}
