// The forward pass of CTC over a lattice: alphas for all rows at once, a step for each frame.

import {
  add,
  concat,
  exp,
  full,
  gather,
  log,
  max,
  maximum,
  reshape,
  round,
  scope,
  stack,
  sub,
  sum,
  tensor,
  unstack,
  zeros,
  type Tensor,
} from '@rnn/core'
import type { Lattice } from './lattice.ts'

/** The logarithm of "never", as a number: differences of infinities would be NaN. Sums of it, one for each frame, stay finite. */
export const NEVER = -1e30

/** Steps after which the alphas are brought back to about 0, so that they keep their digits however long the sequence is. */
const STEPS_TO_RESCALE = 16

/** Scores of states, less what is best in their frame. */
export interface StateScores {
  /** float32 `[T, R, W]`. */
  readonly scores: Tensor
  /** float32 `[T, R]`: what was taken off. */
  readonly shifts: Tensor
}

/** The score of each state in each frame, from log-probabilities `[B, T, C]`. */
export function stateScores(logProbabilities: Tensor, lattice: Lattice): StateScores {
  const { backend, size } = logProbabilities
  const never = full([1], NEVER, { backend })
  // Logits of −∞ become "never", too.
  const table = concat([maximum(reshape(logProbabilities, [size]), NEVER), never], 0)
  const found = gather(table, lattice.scores)
  const best = max(found, { axis: 2, keepDims: true })
  return { scores: sub(found, best), shifts: reshape(best, best.shape.slice(0, 2)) }
}

/** Alphas as they are and what must be added to them. */
export interface Alphas {
  /** float32 `[T + 1, R, W]`: before the first frame, and after each. */
  readonly alphas: Tensor
  /** float32 `[T + 1, R]`: whole numbers. */
  readonly offsets: Tensor
}

/** `α[t, s] = score[t, s] + log Σ exp α[t − 1, parents of s]`, from state 0 before the first frame (Graves et al. 2006, equations 6 and 7). */
export function scanAlphas(scores: Tensor, { parents, rows, width }: Lattice): Alphas {
  const { backend } = scores
  const steps = unstack(scores, 0)
  const start = tensor(
    Float32Array.from({ length: rows * width }, (_, i) => (i % width === 0 ? 0 : NEVER)),
    { backend, shape: [rows, width] },
  )
  let offset = zeros([rows], { backend })
  const alphas = [start]
  const offsets = [offset]
  steps.forEach((score, t) => {
    const before = alphas[t] ?? start
    const [alpha, taken] = scope(backend, () => {
      const routes = gather(reshape(before, [rows * width]), parents)
      const best = max(routes, { axis: 0 })
      const arrived = add(log(sum(exp(sub(routes, best)), { axis: 0 })), best)
      const after = add(arrived, score)
      if ((t + 1) % STEPS_TO_RESCALE !== 0) return [after, undefined]
      const highest = round(max(after, { axis: 1, keepDims: true })) // whole, so that sums and differences of offsets are exact
      return [sub(after, highest), reshape(highest, [rows])]
    })
    if (taken !== undefined) offset = add(offset, taken)
    alphas.push(alpha)
    offsets.push(offset)
  })
  return { alphas: stack(alphas), offsets: stack(offsets) }
}

/** `log Σ exp` over the first axis. */
export function logSumExp(x: Tensor): Tensor {
  const best = max(x, { axis: 0 })
  return add(log(sum(exp(sub(x, best)), { axis: 0 })), best)
}
