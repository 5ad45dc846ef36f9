// What a learning-rate schedule is. Each schedule has a file of its own in this folder.

import { RnnError } from '@rnn/core'
import type { JsonObject } from '../json.ts'

/** The learning rate as a pure function of the number of updates done: resuming needs nothing but that number. */
export interface Schedule {
  readonly name: string
  /** The options, as JSON: part of a checkpoint's fingerprint. */
  readonly configuration: JsonObject
  /** The learning rate of update `step`, counted from 0. */
  at(step: number): number
}

/** A schedule inside the configuration of an optimiser or of another schedule. */
export function describeSchedule(schedule: Schedule): JsonObject {
  return { name: schedule.name, ...schedule.configuration }
}

/** @throws E_VALUE unless `value` is a finite number > `low` */
export function checkAbove(operation: string, name: string, value: number, low: number): void {
  if (value > low && value < Infinity) return
  throw new RnnError({ code: 'E_VALUE', operation, problem: `${name} ${value}`, fix: `use a number above ${low}` })
}

/** @throws E_VALUE unless `value` is a finite number ≥ `low` */
export function checkAtLeast(operation: string, name: string, value: number, low: number): void {
  if (value >= low && value < Infinity) return
  throw new RnnError({ code: 'E_VALUE', operation, problem: `${name} ${value}`, fix: `use a number, ${low} or more` })
}
