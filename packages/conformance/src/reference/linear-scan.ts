// The reference for the linear recurrence and for sums of squares.

import type { HostCallOf } from '../host-tensor.ts'

export function linearScanForward(call: HostCallOf<'linearScanForward'>): void {
  const [a, b, initial] = call.inputs
  const [h] = call.outputs
  const [batch = 0, time = 0, units = 0] = a.shape
  for (let row = 0; row < batch; row++) {
    for (let j = 0; j < units; j++) {
      let state = initial?.values[row * units + j] ?? 0
      for (let s = 0; s < time; s++) {
        const i = (row * time + (call.attributes.reverse ? time - 1 - s : s)) * units + j
        state = a.values[i]! * state + b.values[i]!
        h.values[i] = state
      }
    }
  }
}

export function linearScanBackward(call: HostCallOf<'linearScanBackward'>): void {
  const [gradH, a, h, initial] = call.inputs
  const [gradA, gradB, gradInitial] = call.outputs
  const [batch = 0, time = 0, units = 0] = a.shape
  for (let row = 0; row < batch; row++) {
    for (let j = 0; j < units; j++) {
      const at = (s: number): number => (row * time + (call.attributes.reverse ? time - 1 - s : s)) * units + j
      const start = initial?.values[row * units + j] ?? 0
      let carried = 0
      for (let s = time - 1; s >= 0; s--) {
        const gradient = gradH.values[at(s)]! + carried
        gradB.values[at(s)] = gradient
        gradA.values[at(s)] = gradient * (s === 0 ? start : h.values[at(s - 1)]!)
        carried = a.values[at(s)]! * gradient
      }
      if (gradInitial) gradInitial.values[row * units + j] = carried
    }
  }
}

export function sumOfSquares(call: HostCallOf<'sumOfSquares'>): void {
  let total = 0
  for (const x of call.inputs) for (const value of x.values) total += value * value
  call.outputs[0].values[0] = total
}
