// In-place steps of the optimisers, and the sum of squares that clipping by global norm starts from. What changes from step to step is a tensor.

import type { AdamStepOp, RmspropStepOp, SgdStepOp } from '../contract/fused-ops.ts'
import type { FusedOp } from '../contract/op-call.ts'
import { run } from '../execute.ts'
import { add, div, mul, sub } from '../ops/binary.ts'
import { checkDType, checkShape, checkTensors } from '../ops/checks.ts'
import { zeros } from '../ops/creation.ts'
import { assign } from '../ops/in-place.ts'
import { sum } from '../ops/reduce.ts'
import { sqrt, square } from '../ops/unary.ts'
import { reshape, slice } from '../ops/views.ts'
import { RnnError } from '../errors.ts'
import { scope } from '../scope.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { chooseFused, floatOf, signatureOf } from './choose.ts'

/** Runs a step fused, or hands over to its composite. All outputs change in place. */
function step<Op extends SgdStepOp<Tensor> | RmspropStepOp<Tensor> | AdamStepOp<Tensor>>(
  call: Op,
  scheduleLength: number,
  composite: (gradient: Tensor, schedule: readonly Tensor[]) => void,
): void {
  const [gradient, schedule, gradientScale] = call.inputs
  const [parameter] = call.outputs
  checkTensors(call.op, [...call.inputs, ...call.outputs])
  const named = { gradient, schedule, ...(gradientScale && { gradientScale }), parameter }
  for (const [name, each] of Object.entries(named)) checkDType(call.op, name, each, 'float32')
  checkShape(call.op, 'gradient', gradient, parameter.shape)
  checkShape(call.op, 'schedule', schedule, [scheduleLength])
  if (gradientScale !== null) checkShape(call.op, 'gradientScale', gradientScale, [])
  for (const output of call.outputs) {
    if (output === null) continue
    checkDType(call.op, 'state', output, 'float32')
    checkShape(call.op, 'state', output, parameter.shape)
  }
  const signature = {
    op: call.op,
    inputs: call.inputs.map(signatureOf),
    outputs: call.outputs.map(signatureOf),
    attributes: call.attributes,
  } as unknown as FusedOp<ReturnType<typeof floatOf>> // operand for tensor, one for one
  if (chooseFused(parameter.backend, signature)) {
    run(call)
    return
  }
  scope(parameter.backend, () => {
    const scalars = Array.from({ length: scheduleLength }, (_, i) => reshape(slice(schedule, 0, i, 1), []))
    composite(gradientScale === null ? gradient : mul(gradient, gradientScale), scalars)
  })
}

/** A step of gradient descent with optional momentum; see `SgdStepOp`. */
export function sgdStep(
  inputs: SgdStepOp<Tensor>['inputs'],
  outputs: SgdStepOp<Tensor>['outputs'],
  attributes: SgdStepOp<Tensor>['attributes'],
): void {
  const { momentum, nesterov, weightDecay } = attributes
  const [parameter, velocity] = outputs
  step({ op: 'sgdStep', inputs, outputs, attributes }, 1, (scaled, [learningRate]) => {
    const gradient = decayed(scaled, parameter, weightDecay)
    let direction = gradient
    if (velocity !== null) {
      const next = add(mul(velocity, momentum), gradient)
      direction = nesterov ? add(gradient, mul(next, momentum)) : next
      assign(velocity, next)
    }
    assign(parameter, sub(parameter, mul(direction, scalar(learningRate))))
  })
}

/** A step of RMSprop; see `RmspropStepOp`. */
export function rmspropStep(
  inputs: RmspropStepOp<Tensor>['inputs'],
  outputs: RmspropStepOp<Tensor>['outputs'],
  attributes: RmspropStepOp<Tensor>['attributes'],
): void {
  const { decay, epsilon, momentum, weightDecay } = attributes
  const [parameter, meanSquare, average, velocity] = outputs
  step({ op: 'rmspropStep', inputs, outputs, attributes }, 1, (scaled, [learningRate]) => {
    const gradient = decayed(scaled, parameter, weightDecay)
    const nextSquare = movingAverage(meanSquare, square(gradient), decay)
    let variance = nextSquare
    if (average !== null) {
      const nextAverage = movingAverage(average, gradient, decay)
      variance = sub(nextSquare, square(nextAverage))
      assign(average, nextAverage)
    }
    let direction = div(gradient, add(sqrt(variance), epsilon))
    if (velocity !== null) {
      direction = add(mul(velocity, momentum), direction)
      assign(velocity, direction)
    }
    assign(meanSquare, nextSquare)
    assign(parameter, sub(parameter, mul(direction, scalar(learningRate))))
  })
}

/** A step of Adam or AdamW; see `AdamStepOp`. */
export function adamStep(
  inputs: AdamStepOp<Tensor>['inputs'],
  outputs: AdamStepOp<Tensor>['outputs'],
  attributes: AdamStepOp<Tensor>['attributes'],
): void {
  const { beta1, beta2, epsilon, weightDecay, decoupled } = attributes
  const [parameter, firstMoment, secondMoment] = outputs
  step({ op: 'adamStep', inputs, outputs, attributes }, 3, (scaled, [learningRate, correction1, correction2]) => {
    const gradient = decoupled ? scaled : decayed(scaled, parameter, weightDecay)
    const first = movingAverage(firstMoment, gradient, beta1)
    const second = movingAverage(secondMoment, square(gradient), beta2)
    const direction = div(div(first, scalar(correction1)), add(sqrt(div(second, scalar(correction2))), epsilon))
    const start = decoupled ? sub(parameter, mul(mul(parameter, weightDecay), scalar(learningRate))) : parameter
    assign(firstMoment, first)
    assign(secondMoment, second)
    assign(parameter, sub(start, mul(direction, scalar(learningRate))))
  })
}

function decayed(gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay))
}

function movingAverage(average: Tensor, value: Tensor, decay: number): Tensor {
  return add(mul(average, decay), mul(value, 1 - decay))
}

function scalar(value: Tensor | undefined): Tensor {
  if (value !== undefined) return value
  throw new RnnError({ code: 'E_SHAPE', operation: 'optimizer step', problem: 'the schedule is too short' })
}

/** `Σ x²` over all elements of all tensors, float32 of shape `[]`. Its root is the global norm. Never recorded. */
export function sumOfSquares(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors
  if (first === undefined)
    throw new RnnError({ code: 'E_VALUE', operation: 'sumOfSquares', problem: 'no tensors were given' })
  checkTensors('sumOfSquares', tensors)
  for (const each of tensors) checkDType('sumOfSquares', 'x', each, 'float32')
  const { backend } = first
  const signature = {
    op: 'sumOfSquares',
    inputs: tensors.map((each) => signatureOf(each)),
    outputs: [floatOf([])],
    attributes: {},
  } as const
  if (chooseFused(backend, signature)) {
    const out = allocateTensor(backend, [], 'float32')
    run({ op: 'sumOfSquares', inputs: tensors, outputs: [out], attributes: {} })
    return out
  }
  return scope(backend, () =>
    tensors.reduce<Tensor>((total, each) => add(total, sum(square(each))), zeros([], { backend })),
  )
}
