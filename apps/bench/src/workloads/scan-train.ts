/** What parallel training over time is worth: a training step of minGRU, on a linear scan, and of our own fused GRU of the same size, over long sequences. */

import {
  flopOf,
  parseSizes,
  type RecurrentTask,
  type Sizes,
  type WorkloadCase,
  type WorkloadFamily,
} from './workload.ts'

const DEFAULT_SIZES: Sizes = { batch: 8, time: 4096, inputSize: 256, units: 256 }
const LEAST_GAIN = 3

/** `scan-train` (8 × 4096 × 256 × 256), or `scan-train-BxTxIxH` for other sizes. As in the first layer of a model, the input is data and wants no gradient. */
export const scanTrain: WorkloadFamily = {
  form: 'scan-train[-BxTxIxH]',
  defaults: ['scan-train'],
  parse(id) {
    const [matched, text] = /^scan-train(?:-(.+))?$/.exec(id) ?? []
    const sizes = text === undefined ? DEFAULT_SIZES : parseSizes(text)
    if (matched === undefined || sizes === undefined) return undefined
    const of = (name: string, cell: 'gru' | 'minGru'): WorkloadCase => {
      const task: RecurrentTask = { kind: 'recurrent', cell, mode: 'train', sizes, inputGradient: false }
      return { name, task, flop: flopOf(task) }
    }
    const [slow, fast] = [of('GRU', 'gru'), of('minGRU', 'minGru')]
    return {
      id,
      title: 'minGRU in parallel over time beside the fused GRU, training step',
      cases: [slow, fast],
      bars: [{ kind: 'growth', subject: 'rnn-wasm', from: slow.name, to: fast.name, atMost: 1 / LEAST_GAIN }],
    }
  },
}
