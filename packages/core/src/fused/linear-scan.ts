// The linear recurrence h[t] = a[t]·h[t−1] + b[t]: what minGRU, minLSTM and state-space layers are made of.

import { execute, run } from '../execute.ts'
import { add, mul } from '../ops/binary.ts'
import { checkDType, checkRank, checkShape, checkTensors } from '../ops/checks.ts'
import { zeros } from '../ops/creation.ts'
import { stack } from '../ops/layout.ts'
import { unstack } from '../ops/views.ts'
import { recorderOf } from '../recorder.ts'
import { scope } from '../scope.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { chooseFused, countFused, floatOf, signatureOf } from './choose.ts'

/** Options of `linearScan`. */
export interface LinearScanOptions {
  /** float32 `[B, H]`: h before the first step. Default: zeros. */
  readonly initial?: Tensor | undefined
  /** From the last step to the first. Default: false. */
  readonly reverse?: boolean
}

/**
 * `h[t] = a[t] · h[t−1] + b[t]` over axis 1, element by element (Martin & Cundy 2018).
 *
 * @param a float32 `[B, T, H]`
 * @param b float32 `[B, T, H]`
 * @returns float32 `[B, T, H]`
 */
export function linearScan(a: Tensor, b: Tensor, options: LinearScanOptions = {}): Tensor {
  const { initial, reverse = false } = options
  checkTensors('linearScan', [a, b, initial])
  checkDType('linearScan', 'a', a, 'float32')
  checkRank('linearScan', 'a', a, 3, '[batch, time, units]')
  checkDType('linearScan', 'b', b, 'float32')
  checkShape('linearScan', 'b', b, a.shape)
  if (initial !== undefined) {
    checkDType('linearScan', 'initial', initial, 'float32')
    checkShape('linearScan', 'initial', initial, [a.shape[0] ?? 0, a.shape[2] ?? 0])
  }
  return scope(a.backend, () => fusedForward(a, b, initial ?? null, reverse) ?? composite(a, b, initial, reverse))
}

function fusedForward(a: Tensor, b: Tensor, initial: Tensor | null, reverse: boolean): Tensor | undefined {
  const [aSignature, bSignature, initialSignature] = [signatureOf(a), signatureOf(b), signatureOf(initial)] as const
  const like = floatOf(a.shape)
  const supported = chooseFused(
    a.backend,
    {
      op: 'linearScanForward',
      inputs: [aSignature, bSignature, initialSignature],
      outputs: [like],
      attributes: { reverse },
    },
    recorderOf('linearScan', [a, b, initial]) && {
      op: 'linearScanBackward',
      inputs: [like, aSignature, like, initialSignature],
      outputs: [like, like, initial && floatOf(initial.shape)],
      attributes: { reverse },
    },
  )
  if (!supported) return undefined
  const h = allocateTensor(a.backend, a.shape, 'float32')
  execute({ op: 'linearScanForward', inputs: [a, b, initial], outputs: [h], attributes: { reverse } }, 'linearScan')
  return h
}

function composite(a: Tensor, b: Tensor, initial: Tensor | undefined, reverse: boolean): Tensor {
  const [batch = 0, time = 0, units = 0] = a.shape
  if (time === 0) return zeros(a.shape, { backend: a.backend })
  const decays = unstack(a, 1)
  const inputs = unstack(b, 1)
  const outputs = new Array<Tensor>(time)
  let h = initial ?? zeros([batch, units], { backend: a.backend })
  for (let i = 0; i < time; i++) {
    const t = reverse ? time - 1 - i : i
    const [decay, input] = [decays[t], inputs[t]]
    if (decay === undefined || input === undefined) break
    h = add(mul(decay, h), input)
    outputs[t] = h
  }
  return stack(outputs, 1)
}

/** What the backward pass of a linear scan needs of its forward pass. */
export interface LinearScanTrace {
  readonly a: Tensor
  readonly h: Tensor
  readonly initial: Tensor | null
  readonly reverse: boolean
}

/** Gradients of the linear scan from that of h; see `LinearScanBackwardOp`. For tapes. */
export function linearScanBackward(
  { a, h, initial, reverse }: LinearScanTrace,
  gradH: Tensor,
): { readonly a: Tensor; readonly b: Tensor; readonly initial: Tensor | null } {
  const { backend } = a
  const gradA = allocateTensor(backend, a.shape, 'float32')
  const gradB = allocateTensor(backend, a.shape, 'float32')
  const gradInitial = initial && allocateTensor(backend, initial.shape, 'float32')
  countFused(backend, 'linearScanBackward', true)
  run({
    op: 'linearScanBackward',
    inputs: [gradH, a, h, initial],
    outputs: [gradA, gradB, gradInitial],
    attributes: { reverse },
  })
  return { a: gradA, b: gradB, initial: gradInitial }
}
