// Steps of optimisers, in place.

import { sizeOf } from '@rnn/core'
import type { Operand } from '@rnn/core'
import { addressOf, addressOrZero } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'
import type { Machine } from '../machine.ts'

/** The arguments that all begin with. */
function begin(
  machine: Machine,
  parameter: Operand,
  inputs: readonly [gradient: Operand, schedule: Operand, scale: Operand | null],
  weightDecay: number,
): void {
  const count = sizeOf(parameter.shape)
  const parts = machine.partsFor(count)
  const [gradient, schedule, scale] = inputs
  machine.begin(parts).int(count).int(addressOf(parameter, machine)).int(addressOf(gradient, machine))
  machine.int(addressOf(schedule, machine)).int(addressOrZero(scale, machine)).float(weightDecay)
}

export const sgdStep: Kernel<'sgdStep'> = (call, machine) => {
  const [parameter, velocity] = call.outputs
  const { momentum, nesterov, weightDecay } = call.attributes
  begin(machine, parameter, call.inputs, weightDecay)
  machine
    .int(addressOrZero(velocity, machine))
    .float(momentum)
    .int(nesterov ? 1 : 0)
  machine.run('sgdStep')
}

export const rmspropStep: Kernel<'rmspropStep'> = (call, machine) => {
  const [parameter, meanSquare, average, velocity] = call.outputs
  const { decay, epsilon, momentum, weightDecay } = call.attributes
  begin(machine, parameter, call.inputs, weightDecay)
  machine.int(addressOf(meanSquare, machine)).int(addressOrZero(average, machine)).int(addressOrZero(velocity, machine))
  machine
    .float(decay)
    .float(1 - decay)
    .float(epsilon)
    .float(momentum)
  machine.run('rmspropStep')
}

export const adamStep: Kernel<'adamStep'> = (call, machine) => {
  const [parameter, firstMoment, secondMoment] = call.outputs
  const { beta1, beta2, epsilon, weightDecay, decoupled } = call.attributes
  begin(machine, parameter, call.inputs, weightDecay)
  machine.int(addressOf(firstMoment, machine)).int(addressOf(secondMoment, machine))
  machine
    .float(beta1)
    .float(1 - beta1)
    .float(beta2)
    .float(1 - beta2)
    .float(epsilon)
    .int(decoupled ? 1 : 0)
  machine.run('adamStep')
}
