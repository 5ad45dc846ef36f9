// The errors of @rnn: data for programs (`code`), one line for people.

/** Codes of errors that core, backends and the packages above them throw. Match by code, not by `instanceof`. */
export type ErrorCode =
  | 'E_SHAPE' // shapes that don't fit the operation
  | 'E_DTYPE' // an element type that the operation doesn't take
  | 'E_VALUE' // an argument or option out of its range
  | 'E_BACKEND_MISMATCH' // tensors of two backends in one operation
  | 'E_BACKEND_DISPOSED'
  | 'E_BACKEND_LOST' // what ran the backend is gone (a worker that died or could not start, a device that was lost): its buffers went with it
  | 'E_DISPOSED' // a tensor used after it was freed
  | 'E_INDEX_RANGE' // gather, scatterAdd, class labels
  | 'E_OUT_OF_MEMORY'
  | 'E_UNSUPPORTED' // the backend lacks a needed ability
  | 'E_ASYNC_SCOPE' // an async function handed to scope
  | 'E_NESTED_GRADIENT' // two open recorders in one operation
  | 'E_NOT_DIFFERENTIABLE'
  | 'E_SAVED_MUTATED' // a value that backward needs was changed in place
  | 'E_NO_GRADIENT' // the result does not depend on any parameter
  | 'E_NOT_BUILT' // a layer used before its sizes are known or its weights exist
  | 'E_CONFIGURATION' // a malformed or unknown configuration
  | 'E_FORMAT' // a malformed or truncated file
  | 'E_CHECKPOINT' // a checkpoint of another model or configuration
  | 'E_NOT_FINITE' // NaN or infinity where a number was due
  | 'E_BUSY' // an operation in the middle of a training step
  | 'E_ABORTED'

/** What an error knows about itself. */
export interface ErrorDetails {
  readonly code: ErrorCode
  /** The operation as the user called it: `matmul`, `lstm`, `fit`. */
  readonly operation: string
  /** What was wrong, in a few words, with the values: `inner dimensions differ, [32, 128] × [256, 128]`. */
  readonly problem: string
  /** What to do instead, where that is known: `did you mean transposeB?` */
  readonly fix?: string
  readonly cause?: unknown
}

/**
 * An error of @rnn. `message` is `operation: problem; fix`.
 *
 * ```ts
 * try { matmul(a, b) } catch (error) { if (hasCode(error, 'E_SHAPE')) … }
 * ```
 */
export class RnnError extends Error {
  readonly code: ErrorCode
  readonly operation: string
  readonly problem: string
  readonly fix: string | undefined

  constructor(details: ErrorDetails) {
    const { code, operation, problem, fix, cause } = details
    super(`${operation}: ${problem}${fix === undefined ? '' : `; ${fix}`}`, cause === undefined ? undefined : { cause })
    this.name = 'RnnError'
    this.code = code
    this.operation = operation
    this.problem = problem
    this.fix = fix
  }
}

/** True for an error of @rnn with this code, of whichever copy of core. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
