/** What stops a bench, in one line for the person at the terminal: the thing named, the fix said. */

import type { FailureNote } from './results.ts'

/** Codes of the errors that the bench finds by itself. */
export type BenchErrorCode =
  | 'E_OPTION' // an option's value
  | 'E_WORKLOAD' // a workload that doesn't exist
  | 'E_SUBJECT' // a subject that doesn't exist
  | 'E_MISSING_PEER' // a subject that stands on something that is not installed
  | 'E_MISMATCH' // a subject that computes something else than ours
  | 'E_SUBJECT_FAILED' // a subject's process that reported an error, ended or gave no answer
  | 'E_RESULTS' // results that can't be written

/** An error that the user can mend. */
export class BenchError extends Error {
  readonly code: BenchErrorCode

  constructor(code: BenchErrorCode, problem: string, fix?: string) {
    super(fix === undefined ? problem : `${problem}; ${fix}`)
    this.name = 'BenchError'
    this.code = code
  }
}

/** One line about any error; anything but a `BenchError` is a defect of the bench, which is said. */
export function describeError(error: unknown): string {
  if (error instanceof BenchError) return oneLine(error.message)
  return oneLine(`unexpected ${String(error)}; this is a defect of the bench: set RNN_DEBUG=1 to see where`)
}

/** One line about what did not work during a bench that went on. */
export function describeFailure({ workload, reason }: FailureNote): string {
  return oneLine(workload === null ? reason : `${workload}: ${reason}`)
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
