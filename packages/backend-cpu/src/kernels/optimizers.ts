// Steps of optimisers, in place: double arithmetic, rounded to float32 where it is stored.

import { sizeOf } from '@rnn/core'
import type { Operand } from '@rnn/core'
import type { Kernel, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const sgdStep: Kernel<'sgdStep'> = (call, context) => {
  const [gradient, schedule, gradientScale] = call.inputs
  const [parameter, velocity] = call.outputs
  const { momentum, nesterov, weightDecay } = call.attributes
  const count = sizeOf(parameter.shape)
  const rate = scalarOf(schedule, context)
  const scale = gradientScale ? scalarOf(gradientScale, context) : 1
  const [grads, g0] = [context.floats(gradient), startOf(gradient)]
  const [params, p0] = [context.floats(parameter), startOf(parameter)]
  if (!velocity) {
    for (let i = 0; i < count; i++) {
      const p = params[p0 + i]!
      params[p0 + i] = p - rate * (grads[g0 + i]! * scale + weightDecay * p)
    }
    return
  }
  const [velocities, v0] = [context.floats(velocity), startOf(velocity)]
  for (let i = 0; i < count; i++) {
    const p = params[p0 + i]!
    const g = grads[g0 + i]! * scale + weightDecay * p
    const v = momentum * velocities[v0 + i]! + g
    velocities[v0 + i] = v
    params[p0 + i] = p - rate * (nesterov ? g + momentum * v : v)
  }
}

export const rmspropStep: Kernel<'rmspropStep'> = (call, context) => {
  const [gradient, schedule, gradientScale] = call.inputs
  const [parameter, meanSquare, average, velocity] = call.outputs
  const { decay, epsilon, momentum, weightDecay } = call.attributes
  const count = sizeOf(parameter.shape)
  const rate = scalarOf(schedule, context)
  const scale = gradientScale ? scalarOf(gradientScale, context) : 1
  const [grads, g0] = [context.floats(gradient), startOf(gradient)]
  const [params, p0] = [context.floats(parameter), startOf(parameter)]
  const [squares, s0] = [context.floats(meanSquare), startOf(meanSquare)]
  const averages = average && context.floats(average)
  const a0 = average ? startOf(average) : 0
  const velocities = velocity && context.floats(velocity)
  const v0 = velocity ? startOf(velocity) : 0
  for (let i = 0; i < count; i++) {
    const p = params[p0 + i]!
    const g = grads[g0 + i]! * scale + weightDecay * p
    const s = decay * squares[s0 + i]! + (1 - decay) * g * g
    squares[s0 + i] = s
    let variance = s
    if (averages) {
      const a = decay * averages[a0 + i]! + (1 - decay) * g
      averages[a0 + i] = a
      variance = s - a * a
    }
    // Rounding of the stored averages may leave a centred variance a little below zero.
    let step = g / (Math.sqrt(variance < 0 ? 0 : variance) + epsilon)
    if (velocities) {
      step += momentum * velocities[v0 + i]!
      velocities[v0 + i] = step
    }
    params[p0 + i] = p - rate * step
  }
}

export const adamStep: Kernel<'adamStep'> = (call, context) => {
  const [gradient, schedule, gradientScale] = call.inputs
  const [parameter, firstMoment, secondMoment] = call.outputs
  const { beta1, beta2, epsilon, weightDecay, decoupled } = call.attributes
  const count = sizeOf(parameter.shape)
  const schedules = context.floats(schedule)
  const rate = schedules[startOf(schedule)]!
  const firstScale = rate / schedules[startOf(schedule) + 1]!
  const secondScale = 1 / schedules[startOf(schedule) + 2]!
  const scale = gradientScale ? scalarOf(gradientScale, context) : 1
  const decayBefore = decoupled ? 0 : weightDecay
  const keep = decoupled ? 1 - rate * weightDecay : 1
  const [grads, g0] = [context.floats(gradient), startOf(gradient)]
  const [params, p0] = [context.floats(parameter), startOf(parameter)]
  const [firsts, m0] = [context.floats(firstMoment), startOf(firstMoment)]
  const [seconds, v0] = [context.floats(secondMoment), startOf(secondMoment)]
  for (let i = 0; i < count; i++) {
    const p = params[p0 + i]!
    const g = grads[g0 + i]! * scale + decayBefore * p
    const m = beta1 * firsts[m0 + i]! + (1 - beta1) * g
    const v = beta2 * seconds[v0 + i]! + (1 - beta2) * g * g
    firsts[m0 + i] = m
    seconds[v0 + i] = v
    params[p0 + i] = p * keep - (firstScale * m) / (Math.sqrt(v * secondScale) + epsilon)
  }
}

function scalarOf(operand: Operand, context: KernelContext): number {
  return context.floats(operand)[startOf(operand)]!
}
