/** LSTM and GRU layers over whole sequences, inference and training step: `lstm-train-32x50x64x128` and its like. */

import { flopOf, parseSizes, type Bar, type RecurrentTask, type WorkloadFamily } from './workload.ts'

const SMALL = '32x50x64x128'
const LARGE = '64x100x256x256'
/** So small that a library without matrix products worth the name can compete: one sequence of 20 steps, 16 units. */
const TINY = '1x20x8x16'

/** How many times as fast as TensorFlow.js's cpu backend the CPU backend has to be. */
const CPU_BAR = 5

const idsOf = (sizes: string): string[] =>
  ['lstm-infer', 'lstm-train', 'gru-infer', 'gru-train'].map((name) => `${name}-${sizes}`)

/** The family of the recurrent layers; sizes are batch × time × input × units. */
export const recurrent: WorkloadFamily = {
  form: '(lstm|gru)-(infer|train)-BxTxIxH',
  defaults: [...idsOf(SMALL), ...idsOf(LARGE), `lstm-infer-${TINY}`, `gru-infer-${TINY}`],
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
      bars: barsOf(task, text),
    }
  },
}

function barsOf({ cell, mode }: RecurrentTask, sizes: string): Bar[] {
  const cpu: Bar = { kind: 'faster', subject: 'rnn-cpu', than: ['tfjs-cpu'], atLeast: CPU_BAR }
  if (sizes !== SMALL && sizes !== LARGE) return [cpu]
  const large = sizes === LARGE
  const share = mode === 'infer' ? (large ? 0.75 : 0.65) : large ? 0.65 : 0.55
  const bars: Bar[] = [
    { kind: 'share', subject: 'rnn-wasm', atLeast: share },
    mode === 'infer'
      ? { kind: 'faster', subject: 'rnn-wasm', than: ['ort-web'], atLeast: 1.3 }
      : { kind: 'faster', subject: 'rnn-wasm', than: ['tfjs-wasm'], atLeast: 14 },
  ]
  if (large) return [...bars, { kind: 'faster', subject: 'rnn-wasm-2', than: ['rnn-wasm'], atLeast: 1.7 }]
  if (cell === 'gru' && mode === 'train') {
    bars.push({ kind: 'faster', subject: 'rnn-wasm', than: ['torch'], atLeast: 0.8 })
  }
  return [cpu, ...bars]
}
