// Errors across the boundary of a worker: structured clone would drop everything that makes an RnnError one.

import { RnnError, type ErrorCode } from '@rnn/core'

/** An error as data. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** What an RnnError has on top. */
  readonly details: { readonly code: ErrorCode; readonly operation: string; readonly problem: string } | undefined
  readonly fix: string | undefined
}

/** The error as data. `where` says, in the message, which call failed: the page's stack will not show it. */
export function toWire(error: unknown, where?: string): WireError {
  const suffix = where === undefined ? '' : ` (in ${where})`
  if (!(error instanceof Error)) {
    return { name: 'Error', message: `${String(error)}${suffix}`, stack: undefined, details: undefined, fix: undefined }
  }
  const { name, message, stack } = error
  if (!isRnnError(error)) return { name, message: `${message}${suffix}`, stack, details: undefined, fix: undefined }
  const { code, operation, problem, fix } = error
  return { name, message, stack, details: { code, operation, problem: `${problem}${suffix}` }, fix }
}

/** The error again, with the worker's own as its cause. */
export function fromWire({ name, message, stack, details, fix }: WireError): Error {
  const cause = new Error(message)
  cause.name = name
  cause.stack = `in the worker: ${stack ?? message}`
  if (details !== undefined) return new RnnError({ ...details, ...(fix !== undefined && { fix }), cause })
  const error = new Error(message, { cause })
  error.name = name
  return error
}

/** By its fields, not by `instanceof`: the worker's file may have a core of its own. */
function isRnnError(error: Error): error is RnnError {
  return 'code' in error && 'operation' in error && 'problem' in error && typeof error.problem === 'string'
}
