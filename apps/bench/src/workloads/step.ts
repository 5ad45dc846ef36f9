/** Streaming: one time step at batch 1, the state carried, the output read each step: `lstm-step-128` and its like. */

import { forwardFlop, type Sizes, type StepTask, type WorkloadFamily } from './workload.ts'

/** How many times as fast as the faster of the two ONNX Runtimes a step has to be, by units. */
const BARS: Readonly<Record<number, number>> = { 64: 5, 128: 3, 256: 2 }

/** Steps from the zero state that are compared before any is timed. */
export const COMPARED_STEPS = 8

/** The layer that a step belongs to, over the steps that are compared. */
export function stepSizes({ units }: StepTask): Sizes {
  return { batch: 1, time: COMPARED_STEPS, inputSize: units, units }
}

/** The family of the single steps; the number is both inputs and units. */
export const step: WorkloadFamily = {
  form: '(lstm|gru)-step-H',
  defaults: ['lstm-step-64', 'lstm-step-128', 'lstm-step-256'],
  parse(id) {
    const [, cell, text = ''] = /^(lstm|gru)-step-([1-9]\d{0,3})$/.exec(id) ?? []
    if (cell !== 'lstm' && cell !== 'gru') return undefined
    const task: StepTask = { kind: 'step', cell, units: Number(text) }
    const atLeast = cell === 'lstm' ? BARS[task.units] : undefined
    return {
      id,
      title: `${cell.toUpperCase()}, one step of a stream`,
      cases: [{ name: text, task, flop: forwardFlop(cell, { ...stepSizes(task), time: 1 }) }],
      bars:
        atLeast === undefined ? [] : [{ kind: 'faster', subject: 'rnn-wasm', than: ['ort-node', 'ort-web'], atLeast }],
    }
  },
}
