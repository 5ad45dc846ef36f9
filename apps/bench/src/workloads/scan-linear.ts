/** Whether the generic scan is linear in time: a user-written cell's training step at T and at four times T. */

import {
  flopOf,
  parseSizes,
  type RecurrentTask,
  type Sizes,
  type WorkloadCase,
  type WorkloadFamily,
} from './workload.ts'

const DEFAULT_SIZES: Sizes = { batch: 16, time: 200, inputSize: 32, units: 64 }
const GROWTH = 4
// Four times the work, and a quarter more for caches and the collector.
const GROWTH_BAR = 5

/** `scan-linear` (T = 200 and 800), or `scan-linear-BxTxIxH` for other sizes. */
export const scanLinear: WorkloadFamily = {
  form: 'scan-linear[-BxTxIxH]',
  defaults: ['scan-linear'],
  parse(id) {
    const [matched, text] = /^scan-linear(?:-(.+))?$/.exec(id) ?? []
    const sizes = text === undefined ? DEFAULT_SIZES : parseSizes(text)
    if (matched === undefined || sizes === undefined) return undefined
    const at = (time: number): WorkloadCase => {
      const task: RecurrentTask = { kind: 'recurrent', cell: 'minimalGated', mode: 'train', sizes: { ...sizes, time } }
      return { name: `T=${time}`, task, flop: flopOf(task) }
    }
    const short = at(sizes.time)
    const long = at(sizes.time * GROWTH)
    return {
      id,
      title: 'a user-written cell by the generic scan, training step',
      cases: [short, long],
      bars: [{ kind: 'growth', subject: 'rnn-cpu', from: short.name, to: long.name, atMost: GROWTH_BAR }],
    }
  },
}
