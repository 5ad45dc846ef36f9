// The reference for whole sequences: one row, one step, one unit at a time.

import type { RecurrentGate, RecurrentKind, RecurrentVariantKind } from '@rnn/core'
import type { HostCallOf, HostTensor } from '../host-tensor.ts'

type CellName = RecurrentKind | RecurrentVariantKind

const GATES: Readonly<Record<CellName, number>> = {
  simpleTanh: 1,
  simpleRelu: 1,
  lstm: 4,
  coupledLstm: 3,
  gru: 3,
  gruResetBefore: 3,
}
const RESERVED: Readonly<Record<CellName, number>> = {
  simpleTanh: 0,
  simpleRelu: 0,
  lstm: 5,
  coupledLstm: 4,
  gru: 4,
  gruResetBefore: 3,
}

type Forward = HostCallOf<'recurrentForward' | 'recurrentVariantForward'>
type Backward = HostCallOf<'recurrentBackward' | 'recurrentVariantBackward'>

/** What a cell may have besides. */
interface Options {
  readonly gate: RecurrentGate
  readonly peephole: HostTensor | null
}

const USUAL: Options = { gate: 'sigmoid', peephole: null }

/** Where things lie: element 0 of the vector of row `b` at time `t`, in a sequence of that width. */
interface Plan {
  readonly batch: number
  readonly time: number
  readonly units: number
  readonly gates: number
  readonly reserved: number
  lengthOf(b: number): number
  /** The time of a row's step s, in the order in which the row is walked. */
  timeOf(b: number, s: number): number
  at(b: number, t: number, width: number): number
}

function planOf(sequence: HostTensor, lengths: HostTensor | null, attributes: Forward['attributes']): Plan {
  const { cell, reverse, timeMajor } = attributes
  const [first = 0, second = 0, units = 0] = sequence.shape
  const [batch, time] = timeMajor ? [second, first] : [first, second]
  const lengthOf = (b: number): number => Math.max(0, Math.min(time, lengths?.values[b] ?? time))
  return {
    batch,
    time,
    units,
    gates: GATES[cell],
    reserved: RESERVED[cell],
    lengthOf,
    timeOf: (b, s) => (reverse ? lengthOf(b) - 1 - s : s),
    at: (b, t, width) => (timeMajor ? t * batch + b : b * time + t) * width,
  }
}

/** The functions of gates, and their derivatives by what they give. */
const FUNCTIONS: Readonly<
  Record<RecurrentGate, { readonly of: (x: number) => number; readonly slope: (y: number) => number }>
> = {
  sigmoid: { of: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y) },
  hardSigmoid: { of: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)), slope: (y) => (y > 0 && y < 1 ? 0.2 : 0) },
}

export function recurrentForward(call: HostCallOf<'recurrentForward'>): void {
  walkForward(call, USUAL)
}

export function recurrentVariantForward(call: HostCallOf<'recurrentVariantForward'>): void {
  walkForward(call, { gate: call.attributes.gate, peephole: call.inputs[7] })
}

export function recurrentBackward(call: HostCallOf<'recurrentBackward'>): void {
  walkBackward(call, USUAL)
}

export function recurrentVariantBackward(call: HostCallOf<'recurrentVariantBackward'>): void {
  walkBackward(call, { gate: call.attributes.gate, peephole: call.inputs[10] })
}

/** The weight of unit `j`'s cell in what enters a gate, by the row of `peephole`. */
function seenBy(peephole: HostTensor | null, row: number, units: number, j: number): number {
  return peephole?.values[row * units + j] ?? 0
}

function walkForward(call: Forward, options: Options): void {
  const [projected, recurrent, recurrentBias, initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const [sequence, finalHidden, finalCell, reserve] = call.outputs
  const { cell } = call.attributes
  const sigmoid = FUNCTIONS[options.gate].of
  const plan = planOf(sequence, lengths, call.attributes)
  const { batch, time, units, gates, reserved } = plan
  const width = gates * units
  for (let b = 0; b < batch; b++) {
    const state = (from: HostTensor | null): Float64Array =>
      from ? from.values.slice(b * units, (b + 1) * units) : new Float64Array(units)
    let h = state(initialHidden)
    let c = state(initialCell)
    for (let s = 0; s < plan.lengthOf(b); s++) {
      const t = plan.timeOf(b, s)
      const p = plan.at(b, t, width)
      const product = Float64Array.from({ length: width }, (_, g) => {
        let total = recurrentBias?.values[g] ?? 0
        for (let i = 0; i < units; i++) {
          total += h[i]! * (hiddenMask?.values[b * units + i] ?? 1) * recurrent.values[i * width + g]!
        }
        return total
      })
      const gate = (g: number, j: number): number => projected.values[p + g * units + j]! + product[g * units + j]!
      const [before, cellBefore] = [h, c]
      h = new Float64Array(units)
      c = new Float64Array(units)
      for (let j = 0; j < units; j++) {
        const kept: number[] = []
        if (cell === 'lstm') {
          const seen = (row: number, value: number): number => seenBy(options.peephole, row, units, j) * value
          const i = sigmoid(gate(0, j) + seen(0, cellBefore[j]!))
          const f = sigmoid(gate(1, j) + seen(1, cellBefore[j]!))
          const g = Math.tanh(gate(2, j))
          c[j] = f * cellBefore[j]! + i * g
          const o = sigmoid(gate(3, j) + seen(2, c[j]!))
          h[j] = o * Math.tanh(c[j]!)
          kept.push(i, f, g, o, c[j]!)
        } else if (cell === 'coupledLstm') {
          const i = sigmoid(gate(0, j) + seenBy(options.peephole, 0, units, j) * cellBefore[j]!)
          const g = Math.tanh(gate(1, j))
          c[j] = (1 - i) * cellBefore[j]! + i * g
          const o = sigmoid(gate(2, j) + seenBy(options.peephole, 1, units, j) * c[j]!)
          h[j] = o * Math.tanh(c[j]!)
          kept.push(i, g, o, c[j]!)
        } else if (cell === 'gru') {
          const [r, z, q] = [sigmoid(gate(0, j)), sigmoid(gate(1, j)), product[2 * units + j]!]
          const n = Math.tanh(projected.values[p + 2 * units + j]! + r * q)
          h[j] = (1 - z) * n + z * before[j]!
          kept.push(r, z, n, q)
        } else if (cell === 'gruResetBefore') {
          let total = projected.values[p + 2 * units + j]!
          for (let i = 0; i < units; i++) {
            const fed = before[i]! * (hiddenMask?.values[b * units + i] ?? 1)
            total += sigmoid(gate(0, i)) * fed * recurrent.values[i * width + 2 * units + j]!
          }
          const [r, z, n] = [sigmoid(gate(0, j)), sigmoid(gate(1, j)), Math.tanh(total)]
          h[j] = (1 - z) * n + z * before[j]!
          kept.push(r, z, n)
        } else {
          h[j] = cell === 'simpleTanh' ? Math.tanh(gate(0, j)) : Math.max(gate(0, j), 0)
        }
        sequence.values[plan.at(b, t, units) + j] = h[j]!
        const r = plan.at(b, t, reserved * units)
        if (reserve) kept.forEach((value, block) => (reserve.values[r + block * units + j] = value))
      }
    }
    for (let t = plan.lengthOf(b); t < time; t++) {
      sequence.values.fill(0, plan.at(b, t, units), plan.at(b, t, units) + units)
    }
    finalHidden.values.set(h, b * units)
    finalCell?.values.set(c, b * units)
  }
}

function walkBackward(call: Backward, options: Options): void {
  const [
    gradSequence,
    gradFinalHidden,
    gradFinalCell,
    sequence,
    reserve,
    recurrent,
    initialHidden,
    initialCell,
    lengths,
    hiddenMask,
  ] = call.inputs
  const [gradProjected, gradProduct, gradInitialHidden, gradInitialCell] = call.outputs
  const { cell } = call.attributes
  const { slope } = FUNCTIONS[options.gate]
  const plan = planOf(sequence, lengths, call.attributes)
  const { batch, time, units, gates, reserved } = plan
  const width = gates * units
  for (let b = 0; b < batch; b++) {
    const steps = plan.lengthOf(b)
    const dh = gradFinalHidden?.values.slice(b * units, (b + 1) * units) ?? new Float64Array(units)
    const dc = gradFinalCell?.values.slice(b * units, (b + 1) * units) ?? new Float64Array(units)
    for (let s = steps - 1; s >= 0; s--) {
      const t = plan.timeOf(b, s)
      const x = plan.at(b, t, width)
      const atBefore = s === 0 ? undefined : plan.timeOf(b, s - 1)
      const dProduct = new Float64Array(width)
      const carried = new Float64Array(units)
      for (let j = 0; j < units; j++) {
        const kept = (block: number, at = t): number =>
          reserve!.values[plan.at(b, at, reserved * units) + block * units + j]!
        const h = sequence.values[plan.at(b, t, units) + j]!
        const hBefore =
          atBefore === undefined
            ? (initialHidden?.values[b * units + j] ?? 0)
            : sequence.values[plan.at(b, atBefore, units) + j]!
        const d = dh[j]! + (gradSequence?.values[plan.at(b, t, units) + j] ?? 0)
        const set = (g: number, value: number, product = value): void => {
          gradProjected.values[x + g * units + j] = value
          dProduct[g * units + j] = product
        }
        if (cell === 'lstm') {
          const [i, f, g, o, c] = [kept(0), kept(1), kept(2), kept(3), kept(4)]
          const cBefore = atBefore === undefined ? (initialCell?.values[b * units + j] ?? 0) : kept(4, atBefore)
          const u = Math.tanh(c)
          const [pI, pF, pO] = [0, 1, 2].map((row) => seenBy(options.peephole, row, units, j)) as [
            number,
            number,
            number,
          ]
          const dO = d * u * slope(o)
          const dCell = dc[j]! + d * o * (1 - u * u) + dO * pO
          const dI = dCell * g * slope(i)
          const dF = dCell * cBefore * slope(f)
          set(0, dI)
          set(1, dF)
          set(2, dCell * i * (1 - g * g))
          set(3, dO)
          dc[j] = dCell * f + dI * pI + dF * pF
        } else if (cell === 'coupledLstm') {
          const [i, g, o, c] = [kept(0), kept(1), kept(2), kept(3)]
          const cBefore = atBefore === undefined ? (initialCell?.values[b * units + j] ?? 0) : kept(3, atBefore)
          const u = Math.tanh(c)
          const dO = d * u * slope(o)
          const dCell = dc[j]! + d * o * (1 - u * u) + dO * seenBy(options.peephole, 1, units, j)
          const dI = dCell * (g - cBefore) * slope(i)
          set(0, dI)
          set(1, dCell * i * (1 - g * g))
          set(2, dO)
          dc[j] = dCell * (1 - i) + dI * seenBy(options.peephole, 0, units, j)
        } else if (cell === 'gru') {
          const [r, z, n, q] = [kept(0), kept(1), kept(2), kept(3)]
          const dCandidate = d * (1 - z) * (1 - n * n)
          set(0, dCandidate * q * slope(r))
          set(1, d * (hBefore - n) * slope(z))
          set(2, dCandidate, dCandidate * r)
          carried[j] = d * z
        } else if (cell === 'gruResetBefore') {
          const [z, n] = [kept(1), kept(2)]
          set(1, d * (hBefore - n) * slope(z))
          set(2, d * (1 - z) * (1 - n * n), 0) // its way back goes through r
          carried[j] = d * z
        } else {
          set(0, cell === 'simpleTanh' ? d * (1 - h * h) : h > 0 ? d : 0)
        }
      }
      if (cell === 'gruResetBefore') {
        for (let i = 0; i < units; i++) {
          const r = reserve!.values[plan.at(b, t, reserved * units) + i]!
          const mask = hiddenMask?.values[b * units + i] ?? 1
          const hBefore =
            atBefore === undefined
              ? (initialHidden?.values[b * units + i] ?? 0)
              : sequence.values[plan.at(b, atBefore, units) + i]!
          let dGated = 0
          for (let j = 2 * units; j < width; j++)
            dGated += gradProjected.values[x + j]! * recurrent.values[i * width + j]!
          dProduct[i] = gradProjected.values[x + i] = dGated * hBefore * mask * slope(r)
          carried[i] = carried[i]! + dGated * r * mask
        }
      }
      gradProduct?.values.set(dProduct, x)
      for (let i = 0; i < units; i++) {
        let total = 0
        for (let g = 0; g < width; g++) total += dProduct[g]! * recurrent.values[i * width + g]!
        dh[i] = carried[i]! + total * (hiddenMask?.values[b * units + i] ?? 1)
      }
    }
    for (let t = steps; t < time; t++) {
      const x = plan.at(b, t, width)
      gradProjected.values.fill(0, x, x + width)
      gradProduct?.values.fill(0, x, x + width)
    }
    gradInitialHidden?.values.set(dh, b * units)
    gradInitialCell?.values.set(dc, b * units)
  }
}
