// The lattice of a CTC alignment: which symbol each state emits, whence it is reached, and where its score lies. Index tensors only, made on the device.

import {
  add,
  arange,
  cast,
  concat,
  equal,
  full,
  gather,
  greaterEqual,
  less,
  mul,
  notEqual,
  reshape,
  select,
  slice,
  stack,
  sub,
  tensor,
  zeros,
  type Backend,
  type Tensor,
} from '@rnn/core'

/** What a lattice is made of. */
export interface LatticeInput {
  /** int32 `[B, L]`; beyond a row's labels anything. */
  readonly labels: Tensor
  /** int32 `[B]`. */
  readonly labelLengths: Tensor
  /** int32 `[B]`. */
  readonly frameLengths: Tensor
  readonly frames: number
  readonly classes: number
  readonly blank: number
  /** Rows that read labels and frames backwards, below those that read them forwards: their alphas are the betas. */
  readonly backwards: boolean
}

/**
 * The states of `R` rows: `S = 2·L + 1` for blank, label, blank, … (Graves et al. 2006), and a last one that is never reached and stands for the parents that
 * a state lacks. `W = S + 1`.
 */
export interface Lattice {
  readonly rows: number
  readonly width: number
  /** int32 `[B, W]`: the symbol of each state of the forward rows; −1 for states that a row doesn't have. */
  readonly symbols: Tensor
  /** int32 `[3, R, W]`: for each state its three parents, as positions in `[R, W]`. */
  readonly parents: Tensor
  /** int32 `[T, R, W]`: the position of each state's score in `[B·T·C]`; `B·T·C` where there is none. */
  readonly scores: Tensor
  /** int32 `[2, B]`: the states of the forward rows in which an alignment may end. */
  readonly ends: Tensor
}

/** Added to an index, it makes any sum with a valid one, or with another one, exceed every valid index, and never overflows. */
const OUTSIDE = 2 ** 29

const ints = (values: readonly number[], backend: Backend, shape: readonly number[] = [values.length]): Tensor =>
  tensor(Int32Array.from(values), { backend, shape })

const range = (count: number, backend: Backend): Tensor => arange(count, { backend, dtype: 'int32' })

/** Lays out the lattice; tensors belong to the caller's scope. */
export function latticeOf(input: LatticeInput): Lattice {
  const { labels, frames, classes, blank, backwards } = input
  const { backend } = labels
  const [batch = 0, longest = 0] = labels.shape
  const width = 2 * longest + 2
  const rows = backwards ? 2 * batch : batch
  const doubled = (each: Tensor): Tensor => (backwards ? concat([each, each], 0) : each)
  const column = (each: Tensor): Tensor => reshape(each, [-1, 1])

  const labelLengths = column(doubled(input.labelLengths))
  const rowLabels = labelsOfRows(input)
  const states = range(width, backend)
  // Even states emit a blank, odd ones labels; states beyond the row's last blank don't exist.
  const own = betweenBlanks(rowLabels, blank)
  const present = less(states, add(mul(labelLengths, 2), 1))
  const symbols = select(present, own, -1)

  const never = width - 1
  const before = ints(
    Array.from({ length: width }, (_, s) => (s === 0 || s === never ? never : s - 1)),
    backend,
  )
  // A label is reached from the one before, past the blank between them, unless both are the same.
  const mayPass = greaterEqual(betweenBlanks(differing(rowLabels), 0), 1)
  const rowStart = column(mul(range(rows, backend), width))
  const parents = stack([
    add(rowStart, states),
    add(rowStart, before),
    add(rowStart, select(mayPass, sub(states, 2), never)),
  ])

  const frameLengths = reshape(doubled(input.frameLengths), [1, rows])
  const time = column(range(frames, backend))
  const frame = backwards ? eitherWay(time, frameLengths, batch) : time
  const firstFrame = ints(
    Array.from({ length: rows }, (_, r) => (r % Math.max(batch, 1)) * frames),
    backend,
  )
  const frameStart = select(less(time, frameLengths), mul(add(frame, firstFrame), classes), OUTSIDE)
  const everywhere = add(reshape(frameStart, [frames, rows, 1]), select(present, own, OUTSIDE))
  const none = batch * frames * classes
  const scores = select(less(everywhere, none), everywhere, none)

  const last = mul(input.labelLengths, 2)
  const beforeLast = select(equal(last, 0), never, sub(last, 1))
  return {
    rows,
    width,
    symbols: slice(symbols, 0, 0, batch),
    parents,
    scores,
    ends: stack([last, beforeLast]),
  }
}

/** `[R, L]`: each row's labels, and below them each row's labels from its last to its first. */
function labelsOfRows({ labels, labelLengths, backwards }: LatticeInput): Tensor {
  if (!backwards) return labels
  const { backend } = labels
  const [batch = 0, longest = 0] = labels.shape
  const position = range(longest, backend)
  const fromEnd = sub(sub(reshape(labelLengths, [batch, 1]), 1), position)
  const rowStart = reshape(mul(range(batch, backend), longest), [batch, 1])
  const reversed = gather(
    reshape(labels, [batch * longest]),
    select(greaterEqual(fromEnd, 0), add(rowStart, fromEnd), -1),
  )
  return concat([labels, reversed], 0)
}

/** `[R, 2·L + 2]` from `[R, L]`: `filler, x0, filler, x1, …, filler, filler`. */
function betweenBlanks(x: Tensor, filler: number): Tensor {
  const { backend } = x
  const [rows = 0, length = 0] = x.shape
  const fill = (shape: readonly number[]): Tensor => full(shape, filler, { backend, dtype: 'int32' })
  const pairs = reshape(stack([fill([rows, length]), x], 2), [rows, 2 * length])
  return concat([pairs, fill([rows, 2])], 1)
}

/** int32 `[R, L]`: 1 for a label that differs from the one before it, 0 for the first. */
function differing(labels: Tensor): Tensor {
  const { backend } = labels
  const [rows = 0, length = 0] = labels.shape
  const first = zeros([rows, Math.min(length, 1)], { backend, dtype: 'int32' })
  if (length < 2) return first
  const changes = notEqual(slice(labels, 1, 1, length - 1), slice(labels, 1, 0, length - 1))
  return concat([first, cast(changes, 'int32')], 1)
}

/** `[T, R]`: the frame that a row reads at each step: forwards in the first `batch` rows, from its own last frame backwards in the others. */
function eitherWay(time: Tensor, frameLengths: Tensor, batch: number): Tensor {
  const { backend } = time
  const forwards = ints(
    Array.from({ length: 2 * batch }, (_, r) => Number(r < batch)),
    backend,
  )
  return select(greaterEqual(forwards, 1), time, sub(sub(frameLengths, 1), time))
}
