// Error bounds of element-wise ops, sums and products.

import { broadcastIndex, type HostCall, type HostCallOf, type HostTensor } from '../host-tensor.ts'
import { evaluate } from '../reference/evaluate.ts'
import { accumulation, BINARY, DIVISION, ROUNDING, UNARY, UNIT_ROUNDOFF } from '../tolerances.ts'
import type { Bound } from './bound.ts'

export function unaryBound(call: HostCallOf<'unary'>): Bound {
  const [x] = call.inputs
  const [out] = call.outputs
  const tolerance = UNARY[call.attributes.kind]
  if (x.dtype !== 'float32' || tolerance === 'exact') return 'exact'
  return out.values.map((y, i) => tolerance(x.values[i]!, y) * UNIT_ROUNDOFF)
}

export function binaryBound(call: HostCallOf<'binary'>): Bound {
  const [a, b] = call.inputs
  const [out] = call.outputs
  const { kind, scalar = 0 } = call.attributes
  const tolerance = BINARY[kind]
  if ((a ?? b)?.dtype !== 'float32' || tolerance === 'exact') return 'exact'
  const left = a && broadcastIndex(a.shape, out.shape)
  const right = b && broadcastIndex(b.shape, out.shape)
  return out.values.map((y, i) => {
    const [p, q] = [a && left ? a.values[left(i)]! : scalar, b && right ? b.values[right(i)]! : scalar]
    return tolerance(p, q, y) * UNIT_ROUNDOFF
  })
}

export function reduceBound(call: HostCallOf<'reduce'>, before: readonly (HostTensor | null)[]): Bound {
  const [x] = call.inputs
  const [out] = call.outputs
  const { kind } = call.attributes
  if (x.dtype !== 'float32' || kind === 'max' || kind === 'min') return 'exact'
  const terms = x.values.length / out.values.length
  return ofMagnitudes(call, before, accumulation(terms) + (kind === 'mean' ? DIVISION : 0))
}

export function copyBound(call: HostCallOf<'copy'>): Bound {
  const [x] = call.inputs
  const [out] = call.outputs
  if (call.attributes.accumulate) {
    return out.dtype === 'float32' ? out.values.map((y) => ROUNDING * UNIT_ROUNDOFF * Math.abs(y)) : 'exact'
  }
  if (x.dtype === out.dtype) return 'bits'
  return out.dtype === 'float32' ? out.values.map((y) => ROUNDING * UNIT_ROUNDOFF * Math.abs(y)) : 'exact'
}

export function matmulBound(call: HostCallOf<'matmul'>, before: readonly (HostTensor | null)[]): Bound {
  const [a, b] = call.inputs
  const [out] = call.outputs
  const batch = Math.max(...[a, b].map(({ shape }) => (shape.length === 3 ? shape[0]! : 1)))
  const summed = out.shape.length === 3 && out.shape[0] === 1 ? batch : 1
  const terms = a.shape.at(call.attributes.transposeA ? -2 : -1)!
  return ofMagnitudes(call, before, accumulation(summed * terms + 1))
}

export function scatterAddBound(call: HostCallOf<'scatterAdd'>, before: readonly (HostTensor | null)[]): Bound {
  const [indices] = call.inputs
  const [table] = call.outputs
  return table.dtype === 'float32' ? ofMagnitudes(call, before, accumulation(indices.values.length)) : 'exact'
}

/** Units of u times the same op on absolute values: Σ|terms| wherever the op adds up terms. */
export function ofMagnitudes(call: HostCall, before: readonly (HostTensor | null)[], units: number): Float64Array {
  return magnitudes(call, before)[0]!.map((magnitude) => magnitude * units * UNIT_ROUNDOFF)
}

/** The outputs of the same op on the absolute values of its operands. */
export function magnitudes(call: HostCall, before: readonly (HostTensor | null)[]): Float64Array[] {
  const absolute = (x: HostTensor | null): HostTensor | null =>
    x && { ...x, values: x.dtype === 'float32' ? x.values.map(Math.abs) : x.values.slice() }
  const inputs = call.inputs.map((each) => absolute(each))
  const outputs = before.map((each) => absolute(each))
  evaluate({ ...call, inputs, outputs } as unknown as HostCall) // operands of the same shapes in the same places
  return outputs.flatMap((each) => (each ? [each.values] : []))
}
