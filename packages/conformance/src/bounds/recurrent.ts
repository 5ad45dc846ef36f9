// Error bounds of whole sequences.
//
// One step adds up H + 2 terms for each gate (the projection, the recurrent product, the bias): an error of (2 + 2·√(H+2))·Z·u before the
// activation, Z being the largest Σ|terms| of any gate, and about 16u after it. Activations have slope 1 at most. The weights of the cases are such
// that a step doesn't amplify what it is given, so the errors of T steps add up like independent ones, as √T. The LSTM's cell state, which can be
// larger than 1, scales what passes through it. Peepholes add a term of their weight times the cell to a gate, and to the cell's gradient; the hard sigmoid has
// slope 0.2 at most. Reset before the product, an error of the reset gate goes through a product of its own.

import type { HostCallOf, HostTensor } from '../host-tensor.ts'
import { accumulation, UNIT_ROUNDOFF } from '../tolerances.ts'
import type { Bound } from './bound.ts'

/** Activations and gate arithmetic of one step, in units of u. */
const GATE_ARITHMETIC = 16

const largest = (x: HostTensor | null): number =>
  x?.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0

/** The largest Σ_i |rows[·, i]|·|matrix[i, j]|, or of its transpose, over vectors of `rows`. */
function largestProduct(rows: HostTensor, matrix: HostTensor, transposed: boolean): number {
  const [height = 0, width = 0] = matrix.shape
  const [inner, outer] = transposed ? [width, height] : [height, width]
  let most = 0
  for (let start = 0; start + inner <= rows.values.length; start += inner) {
    for (let j = 0; j < outer; j++) {
      let sum = 0
      for (let i = 0; i < inner; i++) {
        sum += Math.abs(rows.values[start + i]! * matrix.values[transposed ? j * width + i : i * width + j]!)
      }
      most = Math.max(most, sum)
    }
  }
  return most
}

/** True at each element of `[B, T, width]` that lies within its row. */
function withinRows(sequence: HostTensor, lengths: HostTensor | null, timeMajor: boolean): (i: number) => boolean {
  const [first = 0, second = 0, width = 1] = sequence.shape
  return (i) => {
    const [outer, inner] = [Math.floor(i / width / second) % Math.max(first, 1), Math.floor(i / width) % second]
    const [b, t] = timeMajor ? [inner, outer] : [outer, inner]
    return t < (lengths?.values[b] ?? Infinity)
  }
}

export function recurrentForwardBounds(
  call: HostCallOf<'recurrentForward' | 'recurrentVariantForward'>,
): readonly (Bound | null)[] {
  const [projected, recurrent, recurrentBias, initialHidden, initialCell, lengths, hiddenMask, peephole = null] =
    call.inputs
  const [sequence, finalHidden, finalCell, reserve] = call.outputs
  const { timeMajor } = call.attributes
  const within = withinRows(projected, lengths, timeMajor)
  const input = projected.values.reduce((most, value, i) => (within(i) ? Math.max(most, Math.abs(value)) : most), 0)
  const state = Math.max(
    largestProduct(sequence, recurrent, false),
    initialHidden ? largestProduct(initialHidden, recurrent, false) : 0,
  )
  const inRow = reserve && withinRows(reserve, lengths, timeMajor)
  const kept = reserve?.values.filter((_, i) => inRow?.(i))
  const scale = Math.max(1, largest(finalCell), kept?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0)
  const terms =
    input +
    largest(recurrentBias) +
    state * (hiddenMask ? Math.max(1, largest(hiddenMask)) : 1) +
    largest(peephole) * Math.max(scale, largest(initialCell))
  const units =
    Math.sqrt(stepsOf(projected, timeMajor)) *
    (accumulation(recurrent.shape[0]! + 2) * terms + GATE_ARITHMETIC) *
    scale *
    (call.attributes.cell === 'gruResetBefore' ? 1 + state : 1)
  const each = (x: HostTensor): Float64Array => x.values.map(() => units * UNIT_ROUNDOFF)
  const inSequence = withinRows(sequence, lengths, timeMajor)
  return [
    each(sequence).map((value, i) => (inSequence(i) ? value : 0)),
    each(finalHidden),
    finalCell && each(finalCell),
    reserve && each(reserve).map((value, i) => (inRow?.(i) ? value : Infinity)),
  ]
}

export function recurrentBackwardBounds(
  call: HostCallOf<'recurrentBackward' | 'recurrentVariantBackward'>,
): readonly (Bound | null)[] {
  const [gradSequence, gradFinalHidden, gradFinalCell, sequence, reserve, recurrent, , initialCell, lengths] =
    call.inputs
  const peephole = call.inputs[10] ?? null
  const [gradProjected, gradProduct, gradInitialHidden, gradInitialCell] = call.outputs
  const { timeMajor } = call.attributes
  const within = withinRows(gradProjected, lengths, timeMajor)
  const product = largestProduct(gradProduct ?? gradProjected, recurrent, true)
  const throughPeepholes = largest(peephole) * largest(gradProjected)
  const upstream =
    largest(gradSequence) + largest(gradFinalHidden) + largest(gradFinalCell) + product + throughPeepholes
  const inRow = reserve && withinRows(reserve, lengths, timeMajor)
  const scale = Math.max(
    1,
    largest(initialCell),
    reserve?.values.reduce((most, value, i) => (inRow?.(i) ? Math.max(most, Math.abs(value)) : most), 0) ?? 0,
  )
  const steps = Math.sqrt(stepsOf(sequence, timeMajor))
  const units = steps * (accumulation(recurrent.shape[1]!) * product + GATE_ARITHMETIC * upstream) * scale
  const each = (x: HostTensor | null): Float64Array | null => x && x.values.map(() => units * UNIT_ROUNDOFF)
  const inside = (x: HostTensor | null): Float64Array | null =>
    each(x)?.map((value, i) => (within(i) ? value : 0)) ?? null
  return [inside(gradProjected), inside(gradProduct), each(gradInitialHidden), each(gradInitialCell)]
}

function stepsOf(sequence: HostTensor, timeMajor: boolean): number {
  return sequence.shape[timeMajor ? 0 : 1]!
}
