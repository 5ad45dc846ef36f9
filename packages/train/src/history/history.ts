// What a training has been like, epoch by epoch.

import type { JsonObject, JsonValue } from '../json.ts'
import { toCsv } from './csv.ts'

/**
 * One epoch in numbers: `epoch` (from 1), `loss`, each metric that is a number, the same with `validation` before it (`validationLoss`),
 * `learningRate` (of the last update) and `seconds`.
 */
export type HistoryRow = Readonly<Record<string, number>>

/**
 * The history of a training, a row an epoch.
 *
 * ```ts
 * const history = await fit(model, trainSet, options)
 * history.rows.at(-1)?.['loss']
 * history.toCSV() // epoch,loss,accuracy,learningRate,seconds …
 * ```
 */
export class History {
  #rows: HistoryRow[] = []
  #aborted = false
  #stopped: string | undefined

  get rows(): readonly HistoryRow[] {
    return this.#rows
  }

  /** True when an AbortSignal ended the last call of `fit` before its time. */
  get aborted(): boolean {
    return this.#aborted
  }

  /** Why a callback ended the training, if one did: `validationLoss has not improved for 3 epochs, …`. Such a training is over, `fit` goes on no more. */
  get stopped(): string | undefined {
    return this.#stopped
  }

  /** The values of one column, epoch by epoch. */
  column(name: string): number[] {
    return this.#rows.map((row) => row[name] ?? Number.NaN)
  }

  /** The names of all columns, in order of appearance. */
  get columns(): string[] {
    return [...new Set(this.#rows.flatMap((row) => Object.keys(row)))]
  }

  /** Plain JSON. Numbers that JSON lacks become the strings 'NaN', 'Infinity' and '-Infinity'. */
  toJSON(): JsonObject {
    const rows = this.#rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toJsonNumber(value)])),
    )
    return { rows, aborted: this.#aborted, stopped: this.#stopped ?? null }
  }

  /** Comma-separated values with a head, RFC 4180. */
  toCSV(): string {
    return toCsv(this.columns, this.#rows)
  }

  /** For trainers: adds the row of an epoch. */
  add(row: HistoryRow): void {
    this.#rows.push(row)
  }

  /** For trainers: whether the signal ended `fit`. */
  markAborted(aborted: boolean): void {
    this.#aborted = aborted
  }

  /** For trainers: why a callback ended the training. */
  markStopped(reason: string): void {
    this.#stopped = reason
  }

  /** A history from its JSON. */
  static fromJSON(json: JsonObject): History {
    const history = new History()
    const { rows, aborted, stopped } = json
    if (Array.isArray(rows)) {
      history.#rows = rows.map((row: JsonValue) =>
        Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)])),
      )
    }
    history.#aborted = aborted === true
    history.#stopped = typeof stopped === 'string' ? stopped : undefined
    return history
  }
}

function toJsonNumber(value: number): JsonValue {
  return Number.isFinite(value) ? value : String(value)
}
