/** What an option of an LSTM or a GRU costs: a training step of every cell of the catalogue, fused or by the generic scan, beside the two usual ones. */

import {
  CELL_VARIANTS,
  flopOf,
  parseSizes,
  type CellKind,
  type RecurrentTask,
  type Sizes,
  type WorkloadCase,
  type WorkloadFamily,
} from './workload.ts'

const DEFAULT_SIZES: Sizes = { batch: 32, time: 50, inputSize: 64, units: 128 }

/** `cells-train` (32 × 50 × 64 × 128), or `cells-train-BxTxIxH` for other sizes. */
export const cellsTrain: WorkloadFamily = {
  form: 'cells-train[-BxTxIxH]',
  defaults: ['cells-train'],
  parse(id) {
    const [matched, text] = /^cells-train(?:-(.+))?$/.exec(id) ?? []
    const sizes = text === undefined ? DEFAULT_SIZES : parseSizes(text)
    // A projection is narrower than its cell.
    if (matched === undefined || sizes === undefined || sizes.units === 1) return undefined
    const of = (cell: CellKind): WorkloadCase => {
      const task: RecurrentTask = { kind: 'recurrent', cell, mode: 'train', sizes }
      return { name: cell, task, flop: flopOf(task) }
    }
    const [first, ...others] = [...CELL_VARIANTS, 'gru', 'lstm'] as const
    return {
      id,
      title: 'LSTM and GRU with options, and without them, training step',
      cases: [of(first), ...others.map(of)],
      bars: [],
    }
  },
}
