// Steps of optimisers, in place: one dispatch for each parameter, four elements at a time where they come in fours.

import type { Operand } from '@rnn/core'
import type { Gpu, Kernel } from '../kernel.ts'
import { sizeOf, startOf } from '../kernel.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

interface Step {
  readonly key: string
  readonly gradient: Operand
  readonly schedule: Operand
  readonly gradientScale: Operand | null
  /** What is changed in place, by name; the first is the parameter. */
  readonly state: Readonly<Record<string, Operand | null>>
  readonly attributes: Readonly<Record<string, number>>
  /** WGSL: from `weight` (the parameter) and `g` (the scaled gradient) to new values of the state, `at(name)` being an element or a vec4 of them (`Value`). */
  readonly body: (at: (name: string) => string) => string
}

function runStep(gpu: Gpu, step: Step): void {
  const { gradient, schedule, gradientScale, attributes } = step
  const state = Object.entries(step.state).filter((entry): entry is [string, Operand] => entry[1] !== null)
  const count = sizeOf(gradient.shape)
  const lanes = [count, ...[gradient, ...state.map(([, each]) => each)].map(startOf)].every((n) => n % 4 === 0) ? 4 : 1
  const type = lanes === 4 ? 'vec4f' : 'f32'
  const key = `${step.key} ${type} ${gradientScale ? 'scaled' : 'plain'} ${state.map(([name]) => name).join(' ')}`
  const names = ['gradient', 'schedule', ...(gradientScale ? ['scale'] : []), ...state.map(([name]) => name)]
  const operands = [gradient, schedule, ...(gradientScale ? [gradientScale] : []), ...state.map(([, each]) => each)]
  const at = (name: string): string => `${name}[p.${name}Start + i]`
  const program = gpu.program(key, () => ({
    key,
    reads: { gradient: type, schedule: 'f32', ...(gradientScale && { scale: 'f32' }) },
    writes: Object.fromEntries(state.map(([name]) => [name, type])),
    parameters: {
      count: 'u32',
      ...Object.fromEntries(names.map((name) => [`${name}Start`, 'u32' as const])),
      ...Object.fromEntries(Object.keys(attributes).map((name) => [name, 'f32' as const])),
    } as Record<string, 'u32' | 'f32'>,
    body: `alias Value = ${type};
${GRID_MAIN}
  let rate = schedule[p.scheduleStart];
  let weight = ${at('parameter')};
  var g = ${at('gradient')}${gradientScale ? ' * scale[p.scaleStart]' : ''};
${step.body(at)}
}`,
  }))
  const unitOf = (name: string): number => (name === 'schedule' || name === 'scale' ? 1 : lanes)
  const starts = Object.fromEntries(names.map((name, i) => [`${name}Start`, startOf(operands[i]!) / unitOf(name)]))
  const units = count / lanes
  gpu.dispatch(
    program,
    operands,
    { count: units, ...starts, ...attributes },
    gridOf(units, gpu.offer.workgroupsPerDimension),
  )
}

export const sgdStep: Kernel<'sgdStep'> = ({ inputs, outputs: [parameter, velocity], attributes }, gpu) => {
  const [gradient, schedule, gradientScale] = inputs
  const { momentum, nesterov, weightDecay } = attributes
  runStep(gpu, {
    key: nesterov ? 'sgdStep nesterov' : 'sgdStep',
    gradient,
    schedule,
    gradientScale,
    state: { parameter, velocity },
    attributes: { momentum, weightDecay },
    body: (at) => `
  g += p.weightDecay * weight;
${
  velocity === null
    ? ''
    : `  let v = p.momentum * ${at('velocity')} + g;
  ${at('velocity')} = v;
  g = ${nesterov ? 'g + p.momentum * v' : 'v'};`
}
  ${at('parameter')} = weight - rate * g;`,
  })
}

export const rmspropStep: Kernel<'rmspropStep'> = ({ inputs, outputs, attributes }, gpu) => {
  const [gradient, schedule, gradientScale] = inputs
  const [parameter, meanSquare, average, velocity] = outputs
  const { decay, epsilon, momentum, weightDecay } = attributes
  runStep(gpu, {
    key: 'rmspropStep',
    gradient,
    schedule,
    gradientScale,
    state: { parameter, meanSquare, average, velocity },
    attributes: { decay, rest: 1 - decay, epsilon, momentum, weightDecay },
    // Rounding of the stored averages may leave a centred variance a little below zero.
    body: (at) => `
  g += p.weightDecay * weight;
  var variance = p.decay * ${at('meanSquare')} + p.rest * g * g;
  ${at('meanSquare')} = variance;
${
  average === null
    ? ''
    : `  let mean = p.decay * ${at('average')} + p.rest * g;
  ${at('average')} = mean;
  variance = max(variance - mean * mean, Value(0.0));`
}
  var change = g / (sqrt(variance) + p.epsilon);
${
  velocity === null
    ? ''
    : `  change += p.momentum * ${at('velocity')};
  ${at('velocity')} = change;`
}
  ${at('parameter')} = weight - rate * change;`,
  })
}

export const adamStep: Kernel<'adamStep'> = ({ inputs, outputs, attributes }, gpu) => {
  const [gradient, schedule, gradientScale] = inputs
  const [parameter, firstMoment, secondMoment] = outputs
  const { beta1, beta2, epsilon, weightDecay, decoupled } = attributes
  runStep(gpu, {
    key: decoupled ? 'adamStep decoupled' : 'adamStep',
    gradient,
    schedule,
    gradientScale,
    state: { parameter, firstMoment, secondMoment },
    attributes: { beta1, rest1: 1 - beta1, beta2, rest2: 1 - beta2, epsilon, weightDecay },
    body: (at) => `
${decoupled ? '' : '  g += p.weightDecay * weight;'}
  let first = p.beta1 * ${at('firstMoment')} + p.rest1 * g;
  let second = p.beta2 * ${at('secondMoment')} + p.rest2 * g * g;
  ${at('firstMoment')} = first;
  ${at('secondMoment')} = second;
  let kept = ${decoupled ? 'weight - rate * p.weightDecay * weight' : 'weight'};
  let update = (first / schedule[p.scheduleStart + 1u]) / (sqrt(second / schedule[p.scheduleStart + 2u]) + p.epsilon);
  ${at('parameter')} = kept - rate * update;`,
  })
}
