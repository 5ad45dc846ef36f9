// Keyed random numbers: element i from counter i, the same on every backend.

import { sizeOf } from '@rnn/core'
import { addressOf } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'

// The numbers of assembly/random.ts.
const KINDS = { bits: 0, uniform: 1, normal: 2 } as const
const BERNOULLI_FLOAT = 3
const BERNOULLI_BOOL = 4

export const random: Kernel<'random'> = (call, machine) => {
  const [key] = call.inputs
  const [out] = call.outputs
  const { attributes } = call
  const count = sizeOf(out.shape)
  if (count === 0) return
  const parts = machine.partsFor(count * 4)
  const bernoulli = out.dtype === 'float32' ? BERNOULLI_FLOAT : BERNOULLI_BOOL
  machine
    .begin(parts)
    .int(attributes.kind === 'bernoulli' ? bernoulli : KINDS[attributes.kind])
    .int(count)
  machine.int(addressOf(key, machine)).int(addressOf(out, machine))
  machine.int(attributes.kind === 'bernoulli' ? Math.round(attributes.probability * 2 ** 24) : 0)
  machine.run('random')
}
