// The hook by which a tape follows a computation. Core knows recorders, not tapes: a tensor carries its recorder, and an op with a
// tracked input records itself there.

import type { OpOf } from './contract/op-call.ts'
import { RnnError } from './errors.ts'
import type { Tensor } from './tensor.ts'

/** The same elements in another shape. */
export interface ReshapeRecord {
  readonly op: 'reshape'
  readonly inputs: readonly [x: Tensor]
  readonly outputs: readonly [y: Tensor]
  readonly attributes: Record<never, never>
}

/** `y = x[start : start + y.shape[axis]]` along one axis, a view where that is possible. */
export interface SliceRecord {
  readonly op: 'slice'
  readonly inputs: readonly [x: Tensor]
  readonly outputs: readonly [y: Tensor]
  readonly attributes: { readonly axis: number; readonly start: number }
}

/** A computation that says itself how its gradients follow; see `customGradient`. */
export interface CustomRecord {
  readonly op: 'custom'
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: {
    /** What `backward` reads. */
    readonly saved: readonly Tensor[]
    /** Gradients of the inputs, in order; null where there is none. Runs in a scope of its own, at most once. */
    readonly backward: CustomBackward
  }
}

/**
 * @param gradients of the outputs, in order; null for an output that nothing used
 * @param saved the saved tensors, in order
 */
export type CustomBackward = (
  gradients: readonly (Tensor | null)[],
  saved: readonly Tensor[],
) => readonly (Tensor | null)[]

/** What a recorder is told: an op that ran, a view that was taken, or a computation with gradients of its own. */
export type OpRecord = OpOf<Tensor> | ReshapeRecord | SliceRecord | CustomRecord

/** Follows operations on tracked tensors. */
export interface Recorder {
  /** A closed recorder counts as none. */
  readonly closed: boolean
  /** Called after the op has run, while its inputs and outputs still live. `operation` is its name in messages: what the user called, `mul`. */
  record(entry: OpRecord, operation: string): void
}

/** Ties a tensor to a recorder, which may know it by `id`. */
export interface Tracker {
  readonly recorder: Recorder
  readonly id: number
}

/**
 * The open recorder that follows any of the inputs.
 *
 * @throws E_NESTED_GRADIENT when two different ones do
 */
export function recorderOf(operation: string, inputs: readonly (Tensor | null)[]): Recorder | undefined {
  let found: Recorder | undefined
  for (const input of inputs) {
    const recorder = input?.tracker?.recorder
    if (recorder === undefined || recorder.closed || recorder === found) continue
    if (found !== undefined) {
      throw new RnnError({
        code: 'E_NESTED_GRADIENT',
        operation,
        problem: 'its inputs are followed by two open gradient computations',
        fix: 'second-order gradients are not supported; detach the inner result',
      })
    }
    found = recorder
  }
  return found
}
