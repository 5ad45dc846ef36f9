// A small classifier and its data: rows of ids of different lengths, whose label is which of two marks came last, so that order decides.

import type { Backend } from '@rnn/core'
import { dense, dropout, embedding, gru, lstm, sequential, type Sequential } from '@rnn/layers'
import { adam, crossEntropy, Trainer, type Optimizer, type TrainingBatch } from '@rnn/train'
import { pseudoIntegers } from '../../values.ts'

const [ROWS, TIME, VOCABULARY] = [16, 8, 9]

/** Batch number i: always the same. */
export function batchOf(i: number): TrainingBatch {
  const lengths = Int32Array.from(pseudoIntegers(ROWS, 300 + 3 * i, 2, TIME + 1))
  const words = pseudoIntegers(ROWS * TIME, 301 + 3 * i, 3, VOCABULARY)
  const marks = pseudoIntegers(ROWS * TIME, 302 + 3 * i, 0, 3)
  const ids = new Int32Array(ROWS * TIME)
  const targets = new Int32Array(ROWS)
  for (let row = 0; row < ROWS; row++) {
    for (let t = 0; t < lengths[row]!; t++) {
      const at = row * TIME + t
      const mark = t === 0 ? 1 + (row % 2) : marks[at]! // the first is always one of the two
      ids[at] = mark === 0 ? words[at]! : mark
      if (mark !== 0) targets[row] = mark - 1
    }
  }
  return {
    inputs: { data: ids, shape: [ROWS, TIME] },
    targets: { data: targets, shape: [ROWS] },
    lengths: { data: lengths, shape: [ROWS] },
    size: ROWS,
  }
}

/** Different batches before they come again. */
export const BATCHES = 8

/** The classifier, initialised. */
export async function classifier(backend: Backend, cell: 'lstm' | 'gru' = 'lstm', dropRate = 0.1): Promise<Sequential> {
  const recurrent = cell === 'lstm' ? lstm({ units: 12, returns: 'last' }) : gru({ units: 12, returns: 'last' })
  const model = sequential(
    embedding({ vocabularySize: VOCABULARY, units: 6, paddingIndex: 0 }),
    recurrent,
    dropout(dropRate),
    dense({ units: 2 }),
  )
  return model.init(backend, { seed: 5 })
}

/** A trainer of it, with clipping. */
export function trainerOf(model: Sequential, optimizer: Optimizer = adam({ learningRate: 0.02 })): Trainer {
  return new Trainer(model, { loss: crossEntropy({ labelSmoothing: 0.05 }), optimizer, clipNorm: 1, seed: 3 })
}

/** Trains `steps` steps from batch `from` on. */
export async function lossesOf(trainer: Trainer, steps: number, from = 0): Promise<number[]> {
  const losses: number[] = []
  for (let i = from; i < from + steps; i++) {
    const loss = trainer.step(batchOf(i % BATCHES))
    losses.push((await loss.data())[0]!)
    loss.dispose()
  }
  return losses
}
