/** Whether two implementations of one equation computed the same, before either is timed. */

import type { Outputs } from './subjects/subject.ts'
import { ADAM, recurrentData } from './workloads/recurrent-data.ts'
import { seq2seqData } from './workloads/seq2seq-data.ts'
import { stepSizes } from './workloads/step.ts'
import { textData, textLayer } from './workloads/text-data.ts'
import {
  gatesOf,
  type CellKind,
  type NetworkTask,
  type Seq2seqTask,
  type Sizes,
  type Task,
} from './workloads/workload.ts'

/** The largest deviation found, as a share of the largest magnitude of the array it was found in. */
export interface Agreement {
  readonly name: string
  readonly deviation: number
  readonly tolerance: number
}

const UNIT_ROUNDOFF = 2 ** -24
/** In `λ·√n·u`, the error of n roundings that are independent of one another: exceeded with probability 2·exp(−λ²/2), 3e-14 (Higham & Mary 2019). */
const CONFIDENCE = 8
/** Roundings of a step besides its products: gates, state, and what the elementwise functions are off by. */
const STEP_ROUNDINGS = 16

/** The recurrent layer of a task, the roundings of an element of what stands on it (a readout), and how many numbers the mean of a loss adds up. */
interface Chain {
  readonly cell: CellKind
  readonly sizes: Sizes
  readonly readout: number
  readonly averaged: number
}

function chainOf(task: Exclude<NetworkTask, Seq2seqTask>): Chain {
  switch (task.kind) {
    case 'recurrent': {
      const { cell, mode, sizes } = task
      const { batch, time, units } = sizes
      return { cell, sizes, readout: 0, averaged: mode === 'train' ? batch * time * units : 0 }
    }
    case 'step':
      return { cell: task.cell, sizes: stepSizes(task), readout: 0, averaged: 0 }
    case 'text': {
      const { batch, units, classes } = task
      return { cell: 'lstm', sizes: textLayer(task), readout: 2 * units + classes + STEP_ROUNDINGS, averaged: batch }
    }
  }
}

/** The longest chains of an encoder–decoder: all steps of the encoder, bridge, all steps of the decoder with their attention, readout, vocabulary; backward the transposed products. */
function seq2seqRoundings({ time, vocabularySize, embeddingSize, units }: Seq2seqTask): {
  forward: number
  backward: number
} {
  const memory = 2 * units
  const attention = units + units + time + STEP_ROUNDINGS
  const encoderStep = embeddingSize + units + STEP_ROUNDINGS
  const decoderStep = embeddingSize + memory + units + attention + STEP_ROUNDINGS
  const backwardStep = 3 * units + STEP_ROUNDINGS
  return {
    forward: time * (encoderStep + decoderStep) + memory + (2 * memory + embeddingSize) + units + vocabularySize,
    backward: time * (2 * backwardStep + attention + memory) + vocabularySize + 3 * units,
  }
}

/** The weights that a training step starts from, by name. */
function initialWeights(task: Task): Readonly<Record<string, Float32Array>> {
  if (task.kind === 'text') return { ...textData(task).weights }
  if (task.kind === 'seq2seq') return seq2seqData(task).weights
  if (task.kind === 'matmul' || task.kind === 'add') return {}
  return { ...recurrentData(chainOf(task)) }
}

/**
 * Tolerances as shares of an array's largest magnitude: twice (for two sides) `λ·√n·u`, where n is the longest chain of roundings behind an element. A step of the recurrence adds I+H products
 * forward and G·H backward, a product of N × N matrices N; a loss adds up its terms (whose gradients don't depend on how), and a weight's gradient sums over B·T positions.
 */
export function tolerancesOf(task: Task): { readonly value: number; readonly gradient: number } {
  const of = (roundings: number): number => 2 * CONFIDENCE * Math.sqrt(roundings) * UNIT_ROUNDOFF
  if (task.kind === 'matmul') return { value: of(task.size), gradient: 0 }
  if (task.kind === 'add') return { value: of(1), gradient: 0 }
  if (task.kind === 'seq2seq') {
    const { forward, backward } = seq2seqRoundings(task)
    const positions = task.batch * task.time
    return { value: of(forward + positions), gradient: of(forward + backward + positions) }
  }
  const { cell, sizes, readout, averaged } = chainOf(task)
  const { batch, time, inputSize, units } = sizes
  const forward = time * (inputSize + units + STEP_ROUNDINGS) + readout
  const backward = time * (gatesOf(cell) * units + STEP_ROUNDINGS) + readout
  return { value: of(forward + averaged), gradient: of(forward + backward + batch * time) }
}

/**
 * Compares outputs with the reference's, and the updated weights with what Adam makes of the subject's own gradients (in float64): where a gradient is almost zero, Adam's first step depends on
 * its sign alone, so the weights of two correct subjects may differ.
 *
 * @returns for each array, the worst first; none is over its tolerance where all agree
 */
export function compareOutputs(task: Task, outputs: Outputs, reference: Outputs): Agreement[] {
  const tolerances = tolerancesOf(task)
  const agreements = [
    ...compareArrays('', outputs.values, reference.values, tolerances.value),
    ...compareArrays('gradient of ', outputs.gradients ?? {}, reference.gradients ?? {}, tolerances.gradient),
    ...compareUpdates(task, outputs),
  ]
  const severity = ({ deviation, tolerance }: Agreement): number =>
    Number.isNaN(deviation) ? Infinity : deviation / tolerance
  return agreements.toSorted((a, b) => severity(b) - severity(a))
}

/** False for NaN too. */
export function agrees({ deviation, tolerance }: Agreement): boolean {
  return deviation <= tolerance
}

function compareArrays(
  prefix: string,
  ours: Readonly<Record<string, Float32Array>>,
  theirs: Readonly<Record<string, Float32Array>>,
  tolerance: number,
): Agreement[] {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)])
  return Array.from(names, (name) => ({
    name: prefix + name,
    deviation: deviationOf(ours[name] ?? new Float32Array(), theirs[name] ?? new Float32Array()),
    tolerance,
  }))
}

/** Infinite for arrays of different lengths, and where either holds NaN or an infinity. */
function deviationOf(values: Float32Array, reference: Float32Array): number {
  if (values.length !== reference.length) return Infinity
  let difference = 0
  let magnitude = 0
  for (let i = 0; i < values.length; i++) {
    const [value, expected] = [values[i]!, reference[i]!]
    if (!Number.isFinite(value) || !Number.isFinite(expected)) return Infinity
    difference = Math.max(difference, Math.abs(value - expected))
    magnitude = Math.max(magnitude, Math.abs(expected))
  }
  return difference === 0 ? 0 : difference / magnitude
}

/** Adam's first step moves a weight by lr·g/(|g| + ε): the moments' factors cancel against their corrections. */
function compareUpdates(task: Task, { gradients = {}, updated = {} }: Outputs): Agreement[] {
  const weights = initialWeights(task)
  const { learningRate, epsilon, beta2 } = ADAM
  // 1 − β₂ᵗ as float32 arithmetic gives it is off by u/(1−β₂); its root stands in the step. The new weight is rounded once more.
  const stepError = (learningRate * 2 * UNIT_ROUNDOFF) / (1 - beta2)
  return Object.entries(updated).map(([name, after]) => {
    const before = weights[name]
    const gradient = gradients[name]
    if (gradient === undefined || before === undefined || before.length !== after.length)
      return { name: `updated ${name}`, deviation: Infinity, tolerance: 0 }
    let difference = 0
    let magnitude = 0
    for (let i = 0; i < after.length; i++) {
      const [weight, g] = [before[i]!, gradient[i]!]
      const expected = weight - (learningRate * g) / (Math.abs(g) + epsilon)
      const off = Math.abs(after[i]! - expected)
      difference = Number.isNaN(off) ? Infinity : Math.max(difference, off)
      magnitude = Math.max(magnitude, Math.abs(expected))
    }
    return {
      name: `updated ${name}`,
      deviation: difference / magnitude,
      tolerance: stepError / magnitude + 2 * UNIT_ROUNDOFF,
    }
  })
}
