// What an optimiser is. Each optimiser has a file of its own in this folder: its options, its tensors, and which in-place step of core it runs.

import { RnnError, type Tensor } from '@rnn/core'
import type { JsonObject } from '../json.ts'
import type { Schedule } from '../schedules/schedule.ts'

/** All that one parameter's update is made of. `Slots` are the tensors that the optimiser keeps for it, by name. */
export interface ParameterUpdate<Slots = Readonly<Record<string, Tensor>>> {
  /** float32, changed in place. */
  readonly parameter: Tensor
  /** Its gradient, same shape. */
  readonly gradient: Tensor
  /** Same shape as the parameter, zeros at first, changed in place. */
  readonly slots: Slots
  /** float32 `[n]`: the numbers of `scheduleAt`. */
  readonly schedule: Tensor
  /** float32 `[]`: multiplies the gradient, null for 1. */
  readonly gradientScale: Tensor | null
}

/** A rule that turns gradients into updates. It keeps nothing itself: its tensors live in an `OptimizerState`. */
export interface Optimizer {
  readonly name: string
  /** The options, the schedule's among them, as JSON: part of a checkpoint's fingerprint. */
  readonly configuration: JsonObject
  /** What the learning rate is unless a callback scales it. */
  readonly learningRate: Schedule
  /** Names of the tensors that it keeps for each parameter. */
  readonly slots: readonly string[]
  /**
   * The numbers that change from update to update, for update `step` counted from 0; always as many. `learningRate` is that of the schedule, scaled by
   * what callbacks such as `reduceOnPlateau` made of it.
   */
  scheduleAt(step: number, learningRate: number): readonly number[]
  /** One in-place step of one parameter. */
  update(update: ParameterUpdate): void
}

/** @throws E_VALUE unless 0 ≤ value < 1 */
export function checkFraction(operation: string, name: string, value: number): void {
  if (value >= 0 && value < 1) return
  throw new RnnError({ code: 'E_VALUE', operation, problem: `${name} ${value}`, fix: 'use 0 … below 1' })
}
