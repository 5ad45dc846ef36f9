/** A series as many short ones with what follows each: what a forecaster is trained on. */

import { checkWhole, DataError, shownList } from '../errors.ts'
import { hostArray } from '../host-array.ts'
import type { HostArray } from '../host-array.ts'
import type { Series } from './series.ts'

/** Options of {@link seriesWindows}. */
export interface WindowOptions<Column extends string> {
  /** How many steps the network reads. */
  readonly steps: number
  /** How many steps after those it forecasts. Default 1. */
  readonly horizon?: number
  /** The column that is forecast. Default: all of them. */
  readonly target?: Column
  /** From the start of one window to that of the next. Default 1. */
  readonly stride?: number
}

/** Windows of a series; spread them into `arrayDataset`. */
export interface SeriesWindows {
  /** `[windows, steps, columns]`. */
  readonly inputs: HostArray<Float32Array>
  /** `[windows, horizon]` of a single column, `[windows, horizon, columns]` of several. */
  readonly targets: HostArray<Float32Array>
  /** The step of the series at which the forecast of each window begins. */
  readonly targetSteps: Int32Array
}

/**
 * Every window of a series within its parts, in order of time. Throws `E_ARGUMENT` where no part is long enough for one,
 * `E_COLUMN` for a target that is not there.
 *
 * @example
 * ```ts
 * import { seriesOf, seriesWindows } from '@rnn/data'
 * const { inputs, targets } = seriesWindows(seriesOf({ tide: Float32Array.of(1, 2, 3, 4, 5) }), { steps: 3 })
 * inputs.shape // → [2, 3, 1]
 * inputs.data // → [1, 2, 3, 2, 3, 4]
 * targets.data // → [4, 5]
 * ```
 */
export function seriesWindows<Column extends string>(
  series: Series<Column>,
  options: WindowOptions<Column>,
): SeriesWindows {
  const { steps, horizon = 1, target, stride = 1 } = options
  checkWhole(steps, 'steps', 1)
  checkWhole(horizon, 'horizon', 1)
  checkWhole(stride, 'stride', 1)
  const { columns, partStarts } = series
  const { data, shape } = series.values
  const targets = target === undefined ? columns : [target]
  const positions = targets.map((name) => columns.indexOf(name))
  if (positions.includes(-1)) {
    throw new DataError('E_COLUMN', {
      problem: `no column "${target}", the series has ${shownList(columns)}`,
      got: target,
      expected: columns,
    })
  }
  const ends = [...partStarts.slice(1), shape[0]!]
  const starts = partStarts.flatMap((start, part) => {
    const count = Math.floor((ends[part]! - start - steps - horizon) / stride) + 1
    return Array.from({ length: Math.max(0, count) }, (_, i) => start + i * stride)
  })
  if (starts.length === 0) {
    const longest = Math.max(...partStarts.map((start, part) => ends[part]! - start))
    throw new DataError('E_ARGUMENT', {
      problem: `a window takes ${steps} + ${horizon} steps, the longest part of the series has ${longest}`,
      got: longest,
      expected: `at least ${steps + horizon} steps`,
      fix: 'make the window or the horizon shorter, or fill the gaps',
    })
  }
  const width = columns.length
  const inputs = new Float32Array(starts.length * steps * width)
  const ahead = new Float32Array(starts.length * horizon * positions.length)
  let at = 0
  for (const [i, start] of starts.entries()) {
    inputs.set(data.subarray(start * width, (start + steps) * width), i * steps * width)
    for (let step = start + steps; step < start + steps + horizon; step++)
      for (const position of positions) ahead[at++] = data[step * width + position]!
  }
  const perStep = positions.length === 1 ? [] : [positions.length]
  return {
    inputs: hostArray(inputs, [starts.length, steps, width]),
    targets: hostArray(ahead, [starts.length, horizon, ...perStep]),
    targetSteps: Int32Array.from(starts, (start) => start + steps),
  }
}
