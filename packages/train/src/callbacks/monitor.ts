// Watching one column of the history for something better: what early stopping and reduce-on-plateau have in common.

import { RnnError } from '@rnn/core'
import type { HistoryRow } from '../history/history.ts'
import type { CallbackHost } from './callback.ts'

/** What counts as better. */
export interface MonitorOptions {
  /** A column of the history. Default: `validationLoss`. */
  readonly monitor?: string
  /** How many epochs in a row may bring nothing better. */
  readonly patience?: number
  /** By how much better an epoch must be to count. */
  readonly minDelta?: number
  /** Whether larger is better. Default: as the metric says (`Metric.better`), `min` for losses; a metric of your own that doesn't say it needs this. */
  readonly mode?: 'min' | 'max'
}

/** The column that is watched in one training. */
export interface Monitor {
  readonly column: string
  /** @throws E_VALUE when the history has no such column, or nobody says what is better in it */
  check(columns: readonly string[]): void
  /** @throws E_VALUE when the row has no such column */
  valueIn(row: HistoryRow): number
  /** Whether a value is better than the best so far; NaN never is. */
  better(value: number, best: number | undefined): boolean
}

/** Checks the options; what comes back makes the monitor of a training. @throws E_VALUE for a patience or a minDelta out of range */
export function monitorOf(
  operation: string,
  options: MonitorOptions & { readonly patience: number },
): (host: Pick<CallbackHost, 'betterIn'>) => Monitor {
  const { monitor: column = 'validationLoss', patience, minDelta = 0 } = options
  if (!(Number.isInteger(patience) && patience >= 1 && minDelta >= 0)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `patience ${patience}, minDelta ${minDelta}`,
      fix: 'patience is a whole number from 1 on, minDelta 0 or more',
    })
  }
  return (host) => {
    const mode = options.mode ?? MODES[host.betterIn(column) ?? 'unknown']
    const sign = mode === 'max' ? -1 : 1
    return {
      column,
      check(columns) {
        if (!columns.includes(column)) throw nothingToMonitor(operation, column, columns)
        if (mode === undefined) throw unknownDirection(operation, column)
      },
      valueIn(row) {
        const value = row[column]
        if (value === undefined) throw nothingToMonitor(operation, column, Object.keys(row))
        return value
      },
      better: (value, best) => Number.isFinite(value) && (best === undefined || sign * (best - value) > minDelta),
    }
  }
}

const MODES = { more: 'max', less: 'min', unknown: undefined } as const

function unknownDirection(operation: string, column: string): RnnError {
  return new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `nothing says whether '${column}' should grow or fall`,
    fix: "give mode: 'max' or 'min', or let the metric say better: 'more' or 'less'",
  })
}

function nothingToMonitor(operation: string, column: string, columns: readonly string[]): RnnError {
  return new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `there is no '${column}' to monitor, only ${columns.join(', ')}`,
    fix: column.startsWith('validation') ? 'give fit a validation set' : 'name one of those',
  })
}
