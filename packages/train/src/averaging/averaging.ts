// What a weight averaging is. Each has a file of its own in this folder.

import type { JsonObject } from '../json.ts'

/** Keeps an average of the weights beside them, which often predicts better than the weights of any one step. */
export interface WeightAveraging {
  readonly name: string
  /** The options, as JSON: part of a checkpoint's fingerprint. */
  readonly configuration: JsonObject
  /**
   * By which share the averages move to the weights after update `step` (counted from 1), `taken` being how often they have done so; undefined leaves them as they are. The
   * first time they become the weights, whatever the share.
   */
  shareAt(step: number, taken: number): number | undefined
}
