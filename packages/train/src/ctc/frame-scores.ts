// Log-probabilities of frames on the host, for decoders.

import { formatShape, RnnError } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { checkBlank } from './ctc.ts'

/** A sequence of labels that was found. */
export interface CtcDecoding {
  readonly labels: readonly number[]
  /** Natural logarithm of its probability. */
  readonly logProbability: number
}

/** Options of all decoders. */
export interface CtcDecodingOptions {
  /** The class that stands for "no label". Default: 0. */
  readonly blank?: number
  /** How many time steps of each row count, `[batch]`. Default: all. */
  readonly lengths?: ArrayLike<number> | HostArray | undefined
}

/**
 * The log-probabilities of each row's frames, in float64.
 *
 * @param outputs logits `[batch, time, classes]`
 * @throws E_SHAPE, E_VALUE; E_NOT_FINITE for logits that are NaN or +∞
 */
export function frameScores(operation: string, outputs: HostArray, options: CtcDecodingOptions): Float64Array[][] {
  const { blank = 0, lengths } = options
  const { data, shape } = outputs
  const [batch = 0, time = 0, classes = 0] = shape
  checkBlank(operation, blank)
  if (shape.length !== 3 || data.length !== batch * time * classes || blank >= classes) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `outputs have ${data.length} elements and shape ${formatShape(shape)}, expected [batch, time, classes] with a blank, ${blank}`,
    })
  }
  const steps = lengths !== undefined && 'data' in lengths ? lengths.data : lengths
  if (steps !== undefined && steps.length !== batch) {
    throw new RnnError({ code: 'E_SHAPE', operation, problem: `${steps.length} lengths for ${batch} rows` })
  }
  return Array.from({ length: batch }, (_, row) => {
    const length = steps?.[row] ?? time
    if (!(Number.isInteger(length) && length >= 0 && length <= time)) {
      throw new RnnError({
        code: 'E_VALUE',
        operation,
        problem: `row ${row} has length ${length}, expected 0 … ${time}`,
      })
    }
    return Array.from({ length }, (_, t) => {
      const from = (row * time + t) * classes
      return logSoftmax(operation, data.subarray(from, from + classes), row, t)
    })
  })
}

function logSoftmax(operation: string, logits: ArrayLike<number>, row: number, t: number): Float64Array {
  const scores = Float64Array.from(logits)
  const largest = scores.reduce((most, x) => Math.max(most, x), -Infinity) // NaN if any is
  if (!Number.isFinite(largest)) {
    const problem = `the logits of row ${row}, time step ${t}, ${Number.isNaN(largest) ? 'hold NaN' : `are ${largest} at most`}`
    throw new RnnError({ code: 'E_NOT_FINITE', operation, problem })
  }
  const normaliser = largest + Math.log(scores.reduce((sum, x) => sum + Math.exp(x - largest), 0))
  return scores.map((x) => x - normaliser)
}
