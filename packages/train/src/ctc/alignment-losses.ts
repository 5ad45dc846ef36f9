// Connectionist temporal classification (Graves, Fernández, Gomez & Schmidhuber 2006): how unlikely labels are under the scores of frames, over all alignments,
// and the gradient of that.

import {
  add,
  arange,
  customGradient,
  exp,
  gather,
  greaterEqual,
  less,
  logicalAnd,
  logicalNot,
  logSoftmax,
  matmul,
  mul,
  oneHot,
  reshape,
  select,
  slice,
  sub,
  sum,
  transpose,
  type Tensor,
} from '@rnn/core'
import { logSumExp, NEVER, scanAlphas, stateScores, type Alphas } from './alignment-scan.ts'
import { latticeOf, type Lattice } from './lattice.ts'

/** Below this there is no alignment. */
const IMPOSSIBLE = -1e29

/** What {@link alignmentLosses} works on; checked. */
export interface AlignmentInput {
  /** float32 `[B, T, C]`; finite beyond a row's frames. */
  readonly logits: Tensor
  /** int32 `[B, L]`, L ≥ 1; beyond a row's labels anything. */
  readonly labels: Tensor
  /** int32 `[B]`, 0 … L. */
  readonly labelLengths: Tensor
  /** int32 `[B]`, 0 … T. */
  readonly frameLengths: Tensor
  readonly blank: number
  /** The loss of a row for which there is no alignment. Its gradient is 0 in any case. */
  readonly impossible: number
}

/**
 * `−log p(labels | logits)` of each row, float32 `[B]`.
 *
 * Alphas and betas are one scan over T, eight small ops a step: the betas are the alphas of rows that are read backwards. The gradient is made along with the loss,
 * and nothing but it is kept.
 */
export function alignmentLosses(input: AlignmentInput): Tensor {
  const [losses = input.logits] = customGradient('ctc', [input.logits], ([logits = input.logits], [wanted = false]) => {
    const { losses, gradient } = align({ ...input, logits }, wanted)
    return {
      outputs: [losses],
      saved: gradient === undefined ? [] : [gradient],
      backward: ([upstream = null], [saved]) => [
        upstream && saved ? mul(saved, reshape(upstream, [upstream.size, 1, 1])) : null,
      ],
    }
  })
  return losses
}

function align(input: AlignmentInput, wanted: boolean): { losses: Tensor; gradient: Tensor | undefined } {
  const { logits, frameLengths, impossible } = input
  const { backend } = logits
  const [batch = 0, frames = 0, classes = 0] = logits.shape
  const lattice = latticeOf({ ...input, frames, classes, backwards: wanted })
  const { rows, width } = lattice
  const logProbabilities = logSoftmax(logits)
  const { scores, shifts } = stateScores(logProbabilities, lattice)
  const scan = scanAlphas(scores, lattice)

  const row = arange(batch, { backend, dtype: 'int32' })
  const endings = add(mul(frameLengths, rows * width), add(mul(row, width), lattice.ends))
  const reached = logSumExp(gather(flat(scan.alphas), endings))
  const offset = gather(flat(scan.offsets), add(mul(frameLengths, rows), row))
  const time = reshape(arange(frames, { backend, dtype: 'int32' }), [frames, 1])
  const within = less(time, frameLengths) // [T, B]
  const shift = sum(select(within, slice(shifts, 1, 0, batch), 0), { axis: 0 })
  const likelihood = add(add(reached, offset), shift)
  const hopeless = less(likelihood, IMPOSSIBLE)
  const losses = select(hopeless, impossible, sub(0, likelihood))
  if (!wanted) return { losses, gradient: undefined }

  const counted = logicalAnd(within, logicalNot(hopeless))
  const occupied = occupancies(input, lattice, scan, scores, { time, within: counted, end: reached, offset })
  const expected = matmul(transpose(occupied, [1, 0, 2]), oneHot(lattice.symbols, classes)) // [B, T, C]
  const kept = reshape(transpose(counted), [batch, frames, 1])
  return { losses, gradient: select(kept, sub(exp(logProbabilities), expected), 0) }
}

/** What is known of the ends of alignments. */
interface Ends {
  /** int32 `[T, 1]`. */
  readonly time: Tensor
  /** bool `[T, B]`. */
  readonly within: Tensor
  /** float32 `[B]`: the sum over all alignments, less its offset. */
  readonly end: Tensor
  /** float32 `[B]`. */
  readonly offset: Tensor
}

/** `[T, B, W]`: the probability that an alignment with the labels is in this state in this frame, `exp(α + β − end)` with the state's own score once. */
function occupancies(
  { labelLengths, frameLengths }: AlignmentInput,
  { rows, width }: Lattice,
  { alphas, offsets }: Alphas,
  scores: Tensor,
  { time, within, end, offset }: Ends,
): Tensor {
  const { backend } = alphas
  const [frames = 0, batch = 0] = within.shape
  const after = slice(alphas, 0, 1, frames)
  const forwards = slice(after, 1, 0, batch)
  const arrivals = sub(slice(after, 1, batch, batch), slice(scores, 1, batch, batch))
  const row = arange(batch, { backend, dtype: 'int32' })

  // Frame t is the step F − 1 − t of the row that is read backwards, state s its state 2·L − s.
  const step = sub(sub(frameLengths, 1), time) // [T, B]
  const states = sub(reshape(mul(labelLengths, 2), [batch, 1]), arange(width, { backend, dtype: 'int32' })) // [B, W]
  const start = mul(add(mul(step, batch), row), width)
  const mirrored = select(logicalAnd(time3(within), greaterEqual(states, 0)), add(time3(start), states), -1)
  const betas = gather(flat(arrivals), mirrored)

  const backwardsOffset = gather(flat(offsets), select(within, add(mul(add(step, 1), rows), add(row, batch)), -1))
  const forwardsOffset = slice(slice(offsets, 0, 1, frames), 1, 0, batch)
  const rest = sub(sub(add(forwardsOffset, backwardsOffset), offset), end)
  return exp(add(add(forwards, betas), time3(select(within, rest, NEVER))))
}

function flat(x: Tensor): Tensor {
  return reshape(x, [x.size])
}

/** `[T, B]` as `[T, B, 1]`. */
function time3(x: Tensor): Tensor {
  return reshape(x, [...x.shape, 1])
}
