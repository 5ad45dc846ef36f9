/** The weights, words and labels of a text task. Every subject makes the same ones from the same seeds. */

import { uniform, wholeNumbers } from './random.ts'
import { recurrentData } from './recurrent-data.ts'
import type { Sizes, TextTask } from './workload.ts'

/** Weights by the names under which outputs are compared; recurrent ones in the layout of `RecurrentData`. */
export interface TextWeights {
  /** `[vocabulary, embedding]` */
  readonly embedding: Float32Array
  readonly 'forward.kernel': Float32Array
  readonly 'forward.recurrent': Float32Array
  readonly 'forward.bias': Float32Array
  readonly 'backward.kernel': Float32Array
  readonly 'backward.recurrent': Float32Array
  readonly 'backward.bias': Float32Array
  /** `[2·units, classes]`: the forward direction's features first. */
  readonly 'dense.kernel': Float32Array
  readonly 'dense.bias': Float32Array
}

/** What a text task computes with. */
export interface TextData {
  /** `[B, T]` */
  readonly words: Int32Array
  /** `[B]` */
  readonly labels: Int32Array
  readonly weights: TextWeights
}

/** The LSTM layer of either direction. */
export function textLayer({ batch, time, embeddingSize, units }: TextTask): Sizes {
  return { batch, time, inputSize: embeddingSize, units }
}

/** Makes the data of a task. */
export function textData(task: TextTask): TextData {
  const { batch, time, vocabularySize, embeddingSize, units, classes } = task
  const layer = { cell: 'lstm', sizes: textLayer(task) } as const
  const forward = recurrentData(layer, 10)
  const backward = recurrentData(layer, 20)
  return {
    words: wholeNumbers(30, batch * time, vocabularySize),
    labels: wholeNumbers(31, batch, classes),
    weights: {
      embedding: uniform(32, vocabularySize * embeddingSize, 1),
      'forward.kernel': forward.kernel,
      'forward.recurrent': forward.recurrent,
      'forward.bias': forward.bias,
      'backward.kernel': backward.kernel,
      'backward.recurrent': backward.recurrent,
      'backward.bias': backward.bias,
      'dense.kernel': uniform(33, 2 * units * classes, Math.sqrt(3 / (2 * units))),
      'dense.bias': uniform(34, classes, 0.5),
    },
  }
}
