// The states of a recorded sequence as whole tensors: those within the rows, and those before each step.

import {
  arange,
  concat,
  equal,
  less,
  reshape,
  select,
  slice,
  sub,
  zeros,
  type RecurrentTrace,
  type Tensor,
} from '@rnn/core'

/** What is kept of each step `[B, T, H]`, zero past a row's end, where the reserve is not defined. */
export function withinRows(trace: RecurrentTrace, kept: Tensor): Tensor {
  const { lengths } = trace
  return lengths === null ? kept : select(less(...positions(trace, lengths)), kept, 0)
}

/**
 * The state before each step: `after` the step before, or the initial one (null: zeros) at a row's first step. `after` is zero past a row's end; what this is there
 * is finite, and has no meaning. There must be steps.
 */
export function statesBefore(trace: RecurrentTrace, after: Tensor, initial: Tensor | null): Tensor {
  const { attributes, lengths } = trace
  const { reverse, timeMajor } = attributes
  const timeAxis = timeMajor ? 0 : 1
  const time = after.shape[timeAxis] ?? 0
  const edge = after.shape.with(timeAxis, 1)
  const start = initial === null ? zeros(edge, { backend: after.backend }) : reshape(initial, edge)
  const others = time > 1 ? [slice(after, timeAxis, reverse ? 1 : 0, time - 1)] : []
  const before = concat(reverse ? [...others, start] : [start, ...others], timeAxis)
  if (!reverse || lengths === null || initial === null) return before
  const [at, ends] = positions(trace, lengths)
  return select(equal(at, sub(ends, 1)), start, before)
}

/** Steps and lengths, in shapes that broadcast to those of sequences. */
function positions({ attributes, sequence }: RecurrentTrace, lengths: Tensor): [at: Tensor, ends: Tensor] {
  const { timeMajor } = attributes
  const time = sequence.shape[timeMajor ? 0 : 1] ?? 0
  const at = arange(time, { backend: sequence.backend })
  return timeMajor
    ? [reshape(at, [time, 1, 1]), reshape(lengths, [1, -1, 1])]
    : [reshape(at, [1, time, 1]), reshape(lengths, [-1, 1, 1])]
}
