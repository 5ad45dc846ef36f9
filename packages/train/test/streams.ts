// Streams of ids for truncated backpropagation: what came before a window matters in it.

import { hostUniform, key, type Backend, type Tensor } from '@rnn/core'
import { dense, embedding, gru, lstm, sequential, simpleRnn } from '@rnn/layers'
import type { Recurrent, Sequential } from '@rnn/layers'
import { crossEntropy, sgd } from '../src/index.ts'
import type { Loss, Optimizer, TrainingBatch, TrainingSet } from '../src/index.ts'

/** Rows, steps and words of the streams. */
export const ROWS = 3
export const TIME = 12
export const WORDS = 5
/** The learning rate. */
export const RATE = 0.5

/** A batch of ids, and the id wanted at each step. */
export interface IdBatch extends TrainingBatch {
  readonly inputs: { readonly data: Int32Array; readonly shape: readonly number[] }
  readonly targets: { readonly data: Int32Array; readonly shape: readonly number[] }
}

/** Ids, and at each step the sum of the last two modulo WORDS: what came before a window matters in it. */
export function batchOf(seed: number, time = TIME, rows = ROWS): IdBatch {
  const next = hostUniform(key(seed))
  const data = Int32Array.from({ length: rows * time }, () => Math.floor(next() * WORDS))
  const targets = data.map((id, i) => (id + (i % time === 0 ? 0 : data[i - 1]!)) % WORDS)
  return { inputs: { data, shape: [rows, time] }, targets: { data: targets, shape: [rows, time] }, size: rows }
}

/** These batches, every epoch. */
export function setOf(batches: readonly TrainingBatch[]): TrainingSet {
  const sampleCount = batches.reduce((sum, { size }) => sum + size, 0)
  return { batchCount: batches.length, sampleCount, batches: (_, start = 0) => batches.slice(start) }
}

/** Layers that carry their states. */
export const LAYERS: Readonly<Record<string, () => Recurrent>> = {
  lstm: () => lstm({ units: 4, layers: 2 }),
  gru: () => gru({ units: 4 }),
  simpleRnn: () => simpleRnn({ units: 4 }),
}

/** A model over ids, from a seed. */
export function modelOf(cell: string, backend: Backend): Promise<Sequential> {
  const model = sequential(embedding({ vocabularySize: WORDS, units: 3 }), LAYERS[cell]!(), dense({ units: WORDS }))
  return model.init(backend, { seed: 4 })
}

/** Plain gradient descent, so that steps are easily made by hand. */
export const options = (): { loss: Loss<Tensor, Tensor>; optimizer: Optimizer; epochs: number } => ({
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: RATE }),
  epochs: 1,
})
