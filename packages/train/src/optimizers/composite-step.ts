// What optimisers without a kernel of their own have in common: one update as a few in-place ops of core, which run on every backend.

import {
  accumulate,
  add,
  formatShape,
  mul,
  reshape,
  RnnError,
  sameShape,
  scope,
  slice,
  sub,
  type Tensor,
} from '@rnn/core'
import type { ParameterUpdate } from './optimizer.ts'

/** How weights decay: by the gradient (L2) or beside it (Loshchilov & Hutter 2019). */
export interface WeightDecay {
  readonly weightDecay: number
  readonly decoupledWeightDecay: boolean
}

/** The numbers of an update with what decoupled decay adds to them. Hand them to `compositeStep` with the same decay. */
export function withDecay(numbers: readonly number[], rate: number, decay: WeightDecay): readonly number[] {
  return decouples(decay) ? [...numbers, -rate * decay.weightDecay] : numbers
}

/**
 * Scales the gradient, lets the weights decay, and runs `update` in a scope of its own, so that a step needs memory for one parameter at a time.
 *
 * @param update gets the gradient and the numbers of the schedule as float32 `[]`
 * @throws E_SHAPE, E_DTYPE for a gradient that isn't like its parameter
 */
export function compositeStep(
  operation: string,
  { parameter, gradient, schedule, gradientScale }: ParameterUpdate,
  decay: WeightDecay,
  update: (gradient: Tensor, at: (index: number) => Tensor) => void,
): void {
  checkGradient(operation, parameter, gradient)
  scope(parameter.backend, () => {
    const at = (index: number): Tensor => reshape(slice(schedule, 0, index, 1), [])
    let scaled = gradientScale === null ? gradient : mul(gradient, gradientScale)
    if (decouples(decay)) accumulate(parameter, mul(parameter, at(schedule.size - 1)))
    else if (decay.weightDecay !== 0) scaled = add(scaled, mul(parameter, decay.weightDecay))
    update(scaled, at)
  })
}

/** `average += share · (value − average)`, in place: a moving average that forgets `share` of itself. */
export function approach(average: Tensor, value: Tensor, share: number): void {
  accumulate(average, mul(sub(value, average), share))
}

function decouples({ weightDecay, decoupledWeightDecay }: WeightDecay): boolean {
  return decoupledWeightDecay && weightDecay !== 0
}

/** Element-wise ops would broadcast it. */
function checkGradient(operation: string, parameter: Tensor, gradient: Tensor): void {
  const fits = sameShape(gradient.shape, parameter.shape)
  if (fits && gradient.dtype === 'float32' && parameter.dtype === 'float32') return
  throw new RnnError({
    code: fits ? 'E_DTYPE' : 'E_SHAPE',
    operation,
    problem: `the gradient is ${gradient.dtype} ${formatShape(gradient.shape)}, its parameter ${parameter.dtype} ${formatShape(parameter.shape)}`,
    fix: 'both are float32 and of one shape',
  })
}
