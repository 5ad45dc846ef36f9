// What `fit` tells while it runs.

import type { HistoryRow } from '../history/history.ts'
import type { Metric } from '../metrics/metric.ts'

/** Where a training is, after a step. */
export interface Progress {
  /** Counted from 1. */
  readonly epoch: number
  readonly epochs: number
  /** Batches of this epoch that are done. */
  readonly batch: number
  readonly batches: number
  /** Updates since training began. */
  readonly step: number
  /** The loss of the last batch whose loss was read, which may be some steps old; undefined before the first. */
  readonly loss: number | undefined
  /** Since this call of `fit` began, the making of batches and the time of callbacks included, validation not. */
  readonly samplesPerSecond: number
  /** Estimate for the rest of the whole training, validations included. */
  readonly secondsLeft: number
  /** Of the last update. */
  readonly learningRate: number
}

/** An epoch that is over. */
export interface EpochReport {
  /** Counted from 1. */
  readonly epoch: number
  readonly epochs: number
  /** Mean over the epoch, each batch by its weight. */
  readonly loss: number
  /** Values of the metrics over the training batches, as they were met. */
  readonly metrics: Readonly<Record<string, unknown>>
  /** The validation set's loss and metrics, if there is one. */
  readonly validation:
    | { readonly loss: number | undefined; readonly metrics: Readonly<Record<string, unknown>> }
    | undefined
  readonly learningRate: number
  /** Of training, without validation. */
  readonly seconds: number
  /** All that is a number, as the history keeps it. */
  readonly row: HistoryRow
}

/** The numbers of an epoch under the names of the history's columns. */
export function historyRow(report: Omit<EpochReport, 'row'>): HistoryRow {
  const { epoch, loss, metrics, validation, learningRate, seconds } = report
  return {
    epoch,
    loss,
    ...numbers(metrics, (name) => name),
    ...(validation?.loss !== undefined && { validationLoss: validation.loss }),
    ...numbers(validation?.metrics ?? {}, validationColumn),
    learningRate,
    seconds,
  }
}

/** The columns that the history of a training may have: metrics that turn out to be no numbers will be missing. */
export function historyColumns(metrics: readonly { readonly name: string }[], validated: boolean): string[] {
  const names = metrics.map(({ name }) => name)
  const validation = validated ? ['validationLoss', ...names.map(validationColumn)] : []
  return ['epoch', 'loss', ...names, ...validation, 'learningRate', 'seconds']
}

/** Whether larger values of a column are better; undefined where nobody says it. */
export function betterIn(
  metrics: readonly Pick<Metric, 'name' | 'better'>[],
  column: string,
): 'more' | 'less' | undefined {
  if (column === 'loss' || column === 'validationLoss') return 'less'
  return metrics.find(({ name }) => name === column || validationColumn(name) === column)?.better
}

function validationColumn(name: string): string {
  return `validation${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
}

function numbers(values: Readonly<Record<string, unknown>>, rename: (name: string) => string): Record<string, number> {
  const entries = Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return Object.fromEntries(entries.map(([name, value]) => [rename(name), value]))
}
