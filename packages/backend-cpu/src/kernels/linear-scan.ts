// Linear recurrences h[t] = a[t]·h[t−1] + b[t], element by element, and their gradients.

import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const linearScanForward: Kernel<'linearScanForward'> = (call, context) => {
  const [a, b, initial] = call.inputs
  const [h] = call.outputs
  const [batch, steps, units] = h.shape as readonly [number, number, number]
  const [av, bv, hv] = [context.floats(a), context.floats(b), context.floats(h)]
  const initialValues = initial && context.floats(initial)
  for (let row = 0; row < batch; row++) {
    for (let s = 0; s < steps; s++) {
      const at = (row * steps + (call.attributes.reverse ? steps - 1 - s : s)) * units
      const pa = startOf(a) + at
      const pb = startOf(b) + at
      const ph = startOf(h) + at
      if (s > 0) {
        multiplyAdd(hv, call.attributes.reverse ? ph + units : ph - units, av, pa, bv, pb, hv, ph, units)
      } else if (initial && initialValues) {
        multiplyAdd(initialValues, startOf(initial) + row * units, av, pa, bv, pb, hv, ph, units)
      } else {
        for (let j = 0; j < units; j++) hv[ph + j] = bv[pb + j]!
      }
    }
  }
}

/** out = a·x + b. */
function multiplyAdd(
  x: Float32Array,
  p: number,
  a: Float32Array,
  pa: number,
  b: Float32Array,
  pb: number,
  out: Float32Array,
  o: number,
  count: number,
): void {
  for (let j = 0; j < count; j++) out[o + j] = a[pa + j]! * x[p + j]! + b[pb + j]!
}

export const linearScanBackward: Kernel<'linearScanBackward'> = (call, context) => {
  const [gradH, a, h, initial] = call.inputs
  const [gradA, gradB, gradInitial] = call.outputs
  const { reverse } = call.attributes
  const [batch, steps, units] = h.shape as readonly [number, number, number]
  const [gradHv, av, hv] = [context.floats(gradH), context.floats(a), context.floats(h)]
  const [gradAv, gradBv] = [context.floats(gradA), context.floats(gradB)]
  const carry = context.scratch.sums('sums', units) // a[t+1]·gradB[t+1]
  const towardPast = reverse ? units : -units
  for (let row = 0; row < batch; row++) {
    carry.fill(0, 0, units)
    for (let s = steps - 1; s >= 0; s--) {
      const at = (row * steps + (reverse ? steps - 1 - s : s)) * units
      const pg = startOf(gradH) + at
      const pa = startOf(a) + at
      const ob = startOf(gradB) + at
      for (let j = 0; j < units; j++) {
        const grad = gradHv[pg + j]! + carry[j]!
        gradBv[ob + j] = grad
        carry[j] = grad * av[pa + j]!
      }
      const oa = startOf(gradA) + at
      if (s > 0) {
        multiply(gradBv, ob, hv, startOf(h) + at + towardPast, gradAv, oa, units)
      } else if (initial) {
        multiply(gradBv, ob, context.floats(initial), startOf(initial) + row * units, gradAv, oa, units)
      } else {
        gradAv.fill(0, oa, oa + units)
      }
    }
    if (gradInitial) {
      const target = context.floats(gradInitial)
      const o = startOf(gradInitial) + row * units
      for (let j = 0; j < units; j++) target[o + j] = carry[j]!
    }
  }
}

function multiply(
  a: Float32Array,
  pa: number,
  b: Float32Array,
  pb: number,
  out: Float32Array,
  o: number,
  count: number,
): void {
  for (let j = 0; j < count; j++) out[o + j] = a[pa + j]! * b[pb + j]!
}
