/** The weights, words and labels of an encoder–decoder. Every subject makes the same ones from the same seeds. */

import { uniform, wholeNumbers } from './random.ts'
import type { Seq2seqTask } from './workload.ts'

const FIRST_SEED = 50

/** Shapes of the weights, by the paths of `encoderDecoder`'s parameters; gates r, z, n as in `RecurrentData`. */
export function seq2seqShapes({ vocabularySize, embeddingSize, units }: Seq2seqTask): Record<string, number[]> {
  const gru = (path: string, inputSize: number): Record<string, number[]> => ({
    [`${path}.kernel`]: [inputSize, 3 * units],
    [`${path}.recurrent`]: [units, 3 * units],
    [`${path}.bias`]: [3 * units],
    [`${path}.recurrentBias`]: [3 * units],
  })
  const memory = 2 * units
  return {
    'source.kernel': [vocabularySize, embeddingSize],
    ...gru('encoder.forward', embeddingSize),
    ...gru('encoder.backward', embeddingSize),
    'bridge.layers.0.kernel': [memory, units],
    'bridge.layers.0.bias': [units],
    'target.kernel': [vocabularySize, embeddingSize],
    'attention.queryKernel': [units, units],
    'attention.memoryKernel': [memory, units],
    'attention.scoreVector': [units],
    ...gru('decoder', embeddingSize + memory),
    'readout.stateKernel': [units, units],
    'readout.contextKernel': [memory, units],
    'readout.embeddingKernel': [embeddingSize, units],
    'readout.bias': [units],
    'output.kernel': [units, vocabularySize],
    'output.bias': [vocabularySize],
  }
}

/** What a task computes with. */
export interface Seq2seqData {
  /** `[B, T]` each: what the encoder reads, what the decoder is fed, and what it should say. */
  readonly source: Int32Array
  readonly target: Int32Array
  readonly labels: Int32Array
  /** By the names and in the shapes of `seq2seqShapes`. */
  readonly weights: Readonly<Record<string, Float32Array>>
}

/** Makes the data of a task. */
export function seq2seqData(task: Seq2seqTask): Seq2seqData {
  const { batch, time, vocabularySize } = task
  const words = (seed: number): Int32Array => wholeNumbers(seed, batch * time, vocabularySize)
  const weights = Object.entries(seq2seqShapes(task)).map(([name, shape], i) => {
    const [rows = 1] = shape
    const isTable = name === 'source.kernel' || name === 'target.kernel'
    const limit = isTable ? 1 : shape.length === 1 ? 0.5 : Math.sqrt(3 / rows)
    const size = shape.reduce((product, length) => product * length, 1)
    return [name, uniform(FIRST_SEED + 3 + i, size, limit)] as const
  })
  return {
    source: words(FIRST_SEED),
    target: words(FIRST_SEED + 1),
    labels: words(FIRST_SEED + 2),
    weights: Object.fromEntries(weights),
  }
}
