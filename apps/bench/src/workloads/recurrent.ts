/** LSTM and GRU layers over whole sequences, inference and training step: `lstm-train-32x50x64x128` and its like. */

import { flopOf, parseSizes, type RecurrentTask, type WorkloadFamily } from './workload.ts'

const PEER_BAR = 5

/** The family of the recurrent layers; sizes are batch × time × input × units. */
export const recurrent: WorkloadFamily = {
  form: '(lstm|gru)-(infer|train)-BxTxIxH',
  defaults: ['lstm-infer-32x50x64x128', 'lstm-train-32x50x64x128', 'gru-infer-32x50x64x128', 'gru-train-32x50x64x128'],
  parse(id) {
    const [, cell, mode, text = ''] = /^(lstm|gru)-(infer|train)-(.+)$/.exec(id) ?? []
    const sizes = parseSizes(text)
    if ((cell !== 'lstm' && cell !== 'gru') || (mode !== 'infer' && mode !== 'train') || sizes === undefined) {
      return undefined
    }
    const task: RecurrentTask = { kind: 'recurrent', cell, mode, sizes }
    return {
      id,
      title: `${cell.toUpperCase()}, ${mode === 'infer' ? 'inference' : 'training step'}`,
      cases: [{ name: text, task, flop: flopOf(task) }],
      bars: [{ kind: 'faster', subject: 'rnn-cpu', than: 'tfjs-cpu', atLeast: PEER_BAR }],
    }
  },
}
