// Whether a fused op runs fused or as its composite: one rule, one place, counted.

import { stateOf } from '../backend-state.ts'
import type { Backend } from '../contract/backend.ts'
import type { FusedName, FusedSignature } from '../contract/op-call.ts'
import type { OperandSignature } from '../contract/operand.ts'
import type { Shape } from '../shape.ts'
import { operandOf, type Tensor } from '../tensor.ts'

/**
 * True when the backend runs `call`, and `backward` too where the result will be differentiated: a fused forward without its backward would leave
 * nothing to differentiate. Counts the choice.
 */
export function chooseFused(backend: Backend, call: FusedSignature, backward?: FusedSignature): boolean {
  const fused = backend.supports(call) === true && (backward === undefined || backend.supports(backward) === true)
  countFused(backend, call.op, fused)
  return fused
}

/** Notes that a fused op ran fused, or as its composite. */
export function countFused(backend: Backend, name: FusedName, fused: boolean): void {
  const { fusedCounts } = stateOf(backend)
  const count = fusedCounts.get(name) ?? { fused: 0, composite: 0 }
  fusedCounts.set(name, count)
  if (fused) count.fused++
  else count.composite++
}

/** The signature of a float32 result that doesn't exist yet. */
export function floatOf(shape: Shape): OperandSignature {
  return { shape, dtype: 'float32' }
}

/** The signature of a tensor that may be missing. */
export function signatureOf(tensor: Tensor): OperandSignature
export function signatureOf(tensor: Tensor | null): OperandSignature | null
export function signatureOf(tensor: Tensor | null): OperandSignature | null {
  return tensor && operandOf(tensor)
}
