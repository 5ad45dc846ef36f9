// Recurrent cells in double precision, written from the contract's formulas: one row, one step, one unit at a time.

import type { RecurrentKind } from '@rnn/core'

/** What a sequence is computed from, as plain numbers in the contract's order: `[B, T, G·H]` for sequences, also where the backend has them time-major. */
export interface Sequence {
  readonly cell: RecurrentKind
  readonly reverse: boolean
  readonly B: number
  readonly T: number
  readonly H: number
  readonly projected: readonly number[]
  readonly recurrent: readonly number[]
  readonly recurrentBias?: readonly number[] | undefined
  readonly initialHidden?: readonly number[] | undefined
  readonly initialCell?: readonly number[] | undefined
  readonly lengths?: readonly number[] | undefined
  readonly hiddenMask?: readonly number[] | undefined
  /** Added to the recurrent product `[B, T, G·H]`: its derivative is what GRU's second output is. */
  readonly disturbance?: readonly number[] | undefined
}

export interface SequenceResult {
  readonly sequence: number[]
  readonly finalHidden: number[]
  readonly finalCell: number[]
  /** `[B, T, 5·H]` for LSTM, `[B, T, 4·H]` for GRU; zeros past a row's end. */
  readonly reserve: number[]
}

export const GATES: Readonly<Record<RecurrentKind, number>> = { simpleTanh: 1, simpleRelu: 1, lstm: 4, gru: 3 }
export const RESERVED: Readonly<Record<RecurrentKind, number>> = { simpleTanh: 0, simpleRelu: 0, lstm: 5, gru: 4 }

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** The time of a row's step s. */
const timeOf = (from: Sequence, length: number, s: number): number => (from.reverse ? length - 1 - s : s)

function productOf(
  from: Sequence,
  b: number,
  t: number,
  gate: number,
  unit: number,
  hidden: readonly number[],
): number {
  const { H, recurrent, recurrentBias, hiddenMask, disturbance } = from
  const width = GATES[from.cell] * H
  const column = gate * H + unit
  let sum = (recurrentBias?.[column] ?? 0) + (disturbance?.[(b * from.T + t) * width + column] ?? 0)
  for (let k = 0; k < H; k++) sum += hidden[k]! * (hiddenMask?.[b * H + k] ?? 1) * recurrent[k * width + column]!
  return sum
}

export function forward(from: Sequence): SequenceResult {
  const { cell: kind, B, T, H, projected } = from
  const width = GATES[kind] * H
  const kept = RESERVED[kind] * H
  const result: SequenceResult = {
    sequence: new Array<number>(B * T * H).fill(0),
    finalHidden: [],
    finalCell: [],
    reserve: new Array<number>(B * T * kept).fill(0),
  }
  for (let b = 0; b < B; b++) {
    let hidden = Array.from({ length: H }, (_, j) => from.initialHidden?.[b * H + j] ?? 0)
    let cell = Array.from({ length: H }, (_, j) => from.initialCell?.[b * H + j] ?? 0)
    const length = from.lengths?.[b] ?? T
    for (let s = 0; s < length; s++) {
      const t = timeOf(from, length, s)
      const [nextHidden, nextCell] = [hidden.slice(), cell.slice()]
      for (let j = 0; j < H; j++) {
        const x = (gate: number): number => projected[(b * T + t) * width + gate * H + j]!
        const h = (gate: number): number => productOf(from, b, t, gate, j, hidden)
        const keep = (...values: number[]): void =>
          values.forEach((value, i) => (result.reserve[(b * T + t) * kept + i * H + j] = value))
        switch (kind) {
          case 'simpleTanh':
            nextHidden[j] = Math.tanh(x(0) + h(0))
            break
          case 'simpleRelu':
            nextHidden[j] = Math.max(0, x(0) + h(0))
            break
          case 'lstm': {
            const [i, f, o] = [sigmoid(x(0) + h(0)), sigmoid(x(1) + h(1)), sigmoid(x(3) + h(3))]
            const g = Math.tanh(x(2) + h(2))
            nextCell[j] = f * cell[j]! + i * g
            nextHidden[j] = o * Math.tanh(nextCell[j]!)
            keep(i, f, g, o, nextCell[j]!)
            break
          }
          case 'gru': {
            const [r, z] = [sigmoid(x(0) + h(0)), sigmoid(x(1) + h(1))]
            const n = Math.tanh(x(2) + r * h(2))
            nextHidden[j] = (1 - z) * n + z * hidden[j]!
            keep(r, z, n, h(2))
            break
          }
        }
        result.sequence[(b * T + t) * H + j] = nextHidden[j]!
      }
      hidden = nextHidden
      cell = nextCell
    }
    result.finalHidden.push(...hidden)
    result.finalCell.push(...cell)
  }
  return result
}

export interface Upstream {
  readonly gradSequence?: readonly number[] | undefined
  readonly gradFinalHidden?: readonly number[] | undefined
  readonly gradFinalCell?: readonly number[] | undefined
}

export interface SequenceGradients {
  readonly gradProjected: number[]
  readonly gradRecurrentProduct: number[]
  readonly gradInitialHidden: number[]
  readonly gradInitialCell: number[]
}

/** Back through the same steps by the chain rule, from forward's results. */
export function backward(from: Sequence, result: SequenceResult, upstream: Upstream): SequenceGradients {
  const { cell: kind, B, T, H, recurrent } = from
  const width = GATES[kind] * H
  const kept = RESERVED[kind] * H
  const out: SequenceGradients = {
    gradProjected: new Array<number>(B * T * width).fill(0),
    gradRecurrentProduct: new Array<number>(B * T * width).fill(0),
    gradInitialHidden: [],
    gradInitialCell: [],
  }
  for (let b = 0; b < B; b++) {
    let gradHidden = Array.from({ length: H }, (_, j) => upstream.gradFinalHidden?.[b * H + j] ?? 0)
    let gradCell = Array.from({ length: H }, (_, j) => upstream.gradFinalCell?.[b * H + j] ?? 0)
    const length = from.lengths?.[b] ?? T
    for (let s = length - 1; s >= 0; s--) {
      const t = timeOf(from, length, s)
      const before = timeOf(from, length, s - 1)
      const nextHidden = new Array<number>(H).fill(0)
      const nextCell = new Array<number>(H).fill(0)
      for (let j = 0; j < H; j++) {
        const grad = gradHidden[j]! + (upstream.gradSequence?.[(b * T + t) * H + j] ?? 0)
        const reserve = (i: number, at = t): number => result.reserve[(b * T + at) * kept + i * H + j]!
        const hidden = (at: number): number => result.sequence[(b * T + at) * H + j]!
        const set = (gate: number, toProjected: number, toProduct = toProjected): void => {
          out.gradProjected[(b * T + t) * width + gate * H + j] = toProjected
          out.gradRecurrentProduct[(b * T + t) * width + gate * H + j] = toProduct
        }
        switch (kind) {
          case 'simpleTanh':
            set(0, grad * (1 - hidden(t) ** 2))
            break
          case 'simpleRelu':
            set(0, hidden(t) > 0 ? grad : 0)
            break
          case 'lstm': {
            const [i, f, g, o] = [reserve(0), reserve(1), reserve(2), reserve(3)] as const
            const squashed = Math.tanh(reserve(4))
            const earlier = s > 0 ? reserve(4, before) : (from.initialCell?.[b * H + j] ?? 0)
            const gradC = gradCell[j]! + grad * o * (1 - squashed ** 2)
            set(0, gradC * g * i * (1 - i))
            set(1, gradC * earlier * f * (1 - f))
            set(2, gradC * i * (1 - g ** 2))
            set(3, grad * squashed * o * (1 - o))
            nextCell[j] = gradC * f
            break
          }
          case 'gru': {
            const [r, z, n, q] = [reserve(0), reserve(1), reserve(2), reserve(3)] as const
            const earlier = s > 0 ? hidden(before) : (from.initialHidden?.[b * H + j] ?? 0)
            const gradN = grad * (1 - z) * (1 - n ** 2)
            set(0, gradN * q * r * (1 - r))
            set(1, grad * (earlier - n) * z * (1 - z))
            set(2, gradN, gradN * r)
            nextHidden[j] = grad * z
            break
          }
        }
      }
      for (let k = 0; k < H; k++) {
        let sum = 0
        for (let column = 0; column < width; column++) {
          sum += out.gradRecurrentProduct[(b * T + t) * width + column]! * recurrent[k * width + column]!
        }
        nextHidden[k]! += sum * (from.hiddenMask?.[b * H + k] ?? 1)
      }
      gradHidden = nextHidden
      gradCell = nextCell
    }
    out.gradInitialHidden.push(...gradHidden)
    out.gradInitialCell.push(...gradCell)
  }
  return out
}
