/** A training step of a text classifier with 10,000 words: `text-train-32x30`, batch × time. */

import { textLayer } from './text-data.ts'
import { forwardFlop, type TextTask, type WorkloadFamily } from './workload.ts'

const SIZES = { vocabularySize: 10_000, embeddingSize: 64, units: 128, classes: 6 } as const
const PEER_BAR = 20

/** The family of the text classifiers: embedding 64, bidirectional LSTM 128, max over time, dense 6; they differ in batch and time. */
export const textTrain: WorkloadFamily = {
  form: 'text-train-BxT',
  defaults: ['text-train-32x30'],
  parse(id) {
    const [, batch, time] = /^text-train-([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(id) ?? []
    if (batch === undefined || time === undefined) return undefined
    const task: TextTask = { kind: 'text', batch: Number(batch), time: Number(time), ...SIZES }
    const dense = 2 * task.batch * 2 * task.units * task.classes
    return {
      id,
      title: 'text classifier, training step',
      cases: [{ name: `${batch}x${time}`, task, flop: 3 * (2 * forwardFlop('lstm', textLayer(task)) + dense) }],
      bars: [{ kind: 'faster', subject: 'rnn-wasm', than: ['tfjs-cpu'], atLeast: PEER_BAR }],
    }
  },
}
