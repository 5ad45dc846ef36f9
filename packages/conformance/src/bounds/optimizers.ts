// Error bounds of the optimiser steps: each intermediate value with its magnitude (the sum of the absolute values it is made of) and its roundings.

import type { HostCallOf, HostTensor } from '../host-tensor.ts'
import { DIVISION, ROUNDING, SQUARE_ROOT, UNIT_ROUNDOFF } from '../tolerances.ts'
import type { Bound } from './bound.ts'

type Before = readonly (HostTensor | null)[]

/** Roundings in a gradient with scale and weight decay, and in a moving average of it. */
const GRADIENT = 3 * ROUNDING
const AVERAGE = GRADIENT + 3 * ROUNDING

/** |g·scale| + weightDecay·|p|. */
function gradientMagnitude(
  call: HostCallOf<'sgdStep' | 'rmspropStep' | 'adamStep'>,
  weightDecay: number,
  before: Before,
  i: number,
): number {
  const [gradient, , scale] = call.inputs
  return Math.abs(gradient.values[i]! * (scale?.values[0] ?? 1)) + weightDecay * Math.abs(before[0]!.values[i]!)
}

function valueBefore(before: Before, output: number, i: number): number {
  return Math.abs(before[output]?.values[i] ?? 0)
}

const bound = (count: number, units: (i: number) => number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => units(i) * UNIT_ROUNDOFF)

export function sgdBounds(call: HostCallOf<'sgdStep'>, before: Before): readonly (Bound | null)[] {
  const { momentum, weightDecay } = call.attributes
  const [parameter, velocity] = call.outputs
  const learningRate = call.inputs[1].values[0]!
  const count = parameter.values.length
  const ofGradient = (i: number): number => gradientMagnitude(call, weightDecay, before, i)
  const ofVelocity = (i: number): number => momentum * valueBefore(before, 1, i) + ofGradient(i)
  const ofDirection = (i: number): number => (velocity ? ofGradient(i) + (1 + momentum) * ofVelocity(i) : ofGradient(i))
  return [
    bound(
      count,
      (i) => ROUNDING * Math.abs(parameter.values[i]!) + learningRate * ofDirection(i) * (AVERAGE + 3 * ROUNDING),
    ),
    velocity && bound(count, (i) => AVERAGE * ofVelocity(i)),
  ]
}

export function rmspropBounds(call: HostCallOf<'rmspropStep'>, before: Before): readonly (Bound | null)[] {
  const { decay, epsilon, momentum, weightDecay } = call.attributes
  const [parameter, meanSquare, average, velocity] = call.outputs
  const learningRate = call.inputs[1].values[0]!
  const count = parameter.values.length
  const ofGradient = (i: number): number => gradientMagnitude(call, weightDecay, before, i)
  const ofSquare = (i: number): number => decay * valueBefore(before, 1, i) + (1 - decay) * ofGradient(i) ** 2
  const ofAverage = (i: number): number => decay * valueBefore(before, 2, i) + (1 - decay) * ofGradient(i)
  const squareError = (i: number): number => 2 * AVERAGE * ofSquare(i)
  const ofStep = (i: number): number => {
    const mean = average?.values[i] ?? 0
    const variance = meanSquare.values[i]! - mean * mean
    const varianceError =
      squareError(i) + (average ? 2 * Math.abs(mean) * AVERAGE * ofAverage(i) + ROUNDING * (mean * mean + variance) : 0)
    const divisor = Math.sqrt(variance) + epsilon
    return (ofGradient(i) / divisor) * (GRADIENT + varianceError / (2 * variance) + SQUARE_ROOT + ROUNDING + DIVISION)
  }
  const stepSize = (i: number): number =>
    ofGradient(i) / (Math.sqrt(meanSquare.values[i]! - (average?.values[i] ?? 0) ** 2) + epsilon)
  const ofVelocity = (i: number): number => momentum * valueBefore(before, 3, i) + stepSize(i)
  const velocityError = (i: number): number => ofStep(i) + 2 * ROUNDING * ofVelocity(i)
  return [
    bound(
      count,
      (i) => ROUNDING * Math.abs(parameter.values[i]!) + learningRate * (velocityError(i) + ROUNDING * ofVelocity(i)),
    ),
    bound(count, squareError),
    average && bound(count, (i) => AVERAGE * ofAverage(i)),
    velocity && bound(count, velocityError),
  ]
}

export function adamBounds(call: HostCallOf<'adamStep'>, before: Before): readonly (Bound | null)[] {
  const { beta1, beta2, epsilon, weightDecay, decoupled } = call.attributes
  const [parameter, , secondMoment] = call.outputs
  const [learningRate = 0, correction1 = 1, correction2 = 1] = call.inputs[1].values
  const count = parameter.values.length
  const ofGradient = (i: number): number => gradientMagnitude(call, decoupled ? 0 : weightDecay, before, i)
  const ofFirst = (i: number): number => beta1 * valueBefore(before, 1, i) + (1 - beta1) * ofGradient(i)
  const ofSecond = (i: number): number => beta2 * valueBefore(before, 2, i) + (1 - beta2) * ofGradient(i) ** 2
  const secondError = (i: number): number => 2 * AVERAGE * ofSecond(i)
  const ofUpdate = (i: number): number => {
    const second = secondMoment.values[i]!
    const divisor = Math.sqrt(second / correction2) + epsilon
    const ofDivisor = (secondError(i) / second + DIVISION) / 2 + SQUARE_ROOT + ROUNDING
    return (
      ((learningRate * ofFirst(i)) / correction1 / divisor) * (AVERAGE + DIVISION + ofDivisor + DIVISION + ROUNDING)
    )
  }
  const ofDecay = (i: number): number =>
    decoupled ? (3 * learningRate * weightDecay + 1) * valueBefore(before, 0, i) : 0
  return [
    bound(count, (i) => ROUNDING * (Math.abs(parameter.values[i]!) + ofDecay(i)) + ofUpdate(i)),
    bound(count, (i) => AVERAGE * ofFirst(i)),
    bound(count, secondError),
  ]
}
