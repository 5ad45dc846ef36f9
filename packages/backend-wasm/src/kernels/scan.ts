// Linear recurrences h[t] = a[t]·h[t−1] + b[t], and their gradients.

import { sizeOf } from '@rnn/core'
import { addressOf, addressOrZero } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'

export const linearScanForward: Kernel<'linearScanForward'> = (call, machine) => {
  const [a, b, initial] = call.inputs
  const [h] = call.outputs
  const [batch, steps, units] = h.shape as readonly [number, number, number]
  if (sizeOf(h.shape) === 0) return
  const parts = machine.partsFor(sizeOf(h.shape))
  machine
    .begin(parts)
    .int(batch)
    .int(steps)
    .int(units)
    .int(call.attributes.reverse ? 1 : 0)
  machine.int(addressOf(a, machine)).int(addressOf(b, machine)).int(addressOrZero(initial, machine))
  machine.int(addressOf(h, machine))
  machine.run('linearScanForward')
}

export const linearScanBackward: Kernel<'linearScanBackward'> = (call, machine) => {
  const [gradH, a, h, initial] = call.inputs
  const [gradA, gradB, gradInitial] = call.outputs
  const [batch, steps, units] = h.shape as readonly [number, number, number]
  const parts = machine.partsFor(sizeOf(h.shape))
  machine
    .begin(parts)
    .int(batch)
    .int(steps)
    .int(units)
    .int(call.attributes.reverse ? 1 : 0)
  machine.int(addressOf(gradH, machine)).int(addressOf(a, machine)).int(addressOf(h, machine))
  machine.int(addressOrZero(initial, machine)).int(addressOf(gradA, machine)).int(addressOf(gradB, machine))
  machine.int(addressOrZero(gradInitial, machine))
  machine.run('linearScanBackward')
}
