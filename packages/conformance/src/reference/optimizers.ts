// The reference for the optimiser steps, in place.

import type { HostCallOf } from '../host-tensor.ts'

export function sgdStep(call: HostCallOf<'sgdStep'>): void {
  const [gradient, schedule, scale] = call.inputs
  const [parameter, velocity] = call.outputs
  const { momentum, nesterov, weightDecay } = call.attributes
  gradient.values.forEach((raw, i) => {
    const g = raw * (scale?.values[0] ?? 1) + weightDecay * parameter.values[i]!
    let direction = g
    if (velocity) {
      const v = momentum * velocity.values[i]! + g
      velocity.values[i] = v
      direction = nesterov ? g + momentum * v : v
    }
    parameter.values[i]! -= schedule.values[0]! * direction
  })
}

export function rmspropStep(call: HostCallOf<'rmspropStep'>): void {
  const [gradient, schedule, scale] = call.inputs
  const [parameter, meanSquare, average, velocity] = call.outputs
  const { decay, epsilon, momentum, weightDecay } = call.attributes
  gradient.values.forEach((raw, i) => {
    const g = raw * (scale?.values[0] ?? 1) + weightDecay * parameter.values[i]!
    const s = decay * meanSquare.values[i]! + (1 - decay) * g * g
    meanSquare.values[i] = s
    let variance = s
    if (average) {
      const a = decay * average.values[i]! + (1 - decay) * g
      average.values[i] = a
      variance = s - a * a
    }
    let direction = g / (Math.sqrt(variance) + epsilon)
    if (velocity) {
      direction += momentum * velocity.values[i]!
      velocity.values[i] = direction
    }
    parameter.values[i]! -= schedule.values[0]! * direction
  })
}

export function adamStep(call: HostCallOf<'adamStep'>): void {
  const [gradient, schedule, scale] = call.inputs
  const [parameter, firstMoment, secondMoment] = call.outputs
  const { beta1, beta2, epsilon, weightDecay, decoupled } = call.attributes
  const [learningRate = 0, correction1 = 1, correction2 = 1] = schedule.values
  gradient.values.forEach((raw, i) => {
    const p = parameter.values[i]!
    const g = raw * (scale?.values[0] ?? 1) + (decoupled ? 0 : weightDecay * p)
    const m = beta1 * firstMoment.values[i]! + (1 - beta1) * g
    const v = beta2 * secondMoment.values[i]! + (1 - beta2) * g * g
    firstMoment.values[i] = m
    secondMoment.values[i] = v
    const start = decoupled ? p - learningRate * weightDecay * p : p
    parameter.values[i] = start - (learningRate * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon)
  })
}
