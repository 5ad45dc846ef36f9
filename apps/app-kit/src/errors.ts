/** What went wrong, in one line for the person at the terminal: no stack trace, the thing named, the fix said. */

/** Codes of the errors that this program finds by itself; those of the packages pass through as they are. */
export type AppErrorCode =
  | 'E_OPTION' // an option's value
  | 'E_BACKEND' // a backend that can't run here
  | 'E_FILE' // a file that can't be read or written
  | 'E_FOLDER' // an output folder that can't be used
  | 'E_MODEL_FOLDER' // a saved model that is missing, incomplete or something else
  | 'E_RESUME' // a training that can't be gone on with
  | 'E_INPUT' // no texts to classify
  | 'E_NOT_FINITE' // a loss that is no number
  | 'E_SPLIT' // too few texts to hold some out

/** An error that the user can mend. */
export class AppError extends Error {
  readonly code: AppErrorCode

  constructor(code: AppErrorCode, problem: string, fix?: string, cause?: unknown) {
    super(fix === undefined ? problem : `${problem}; ${fix}`, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
  }
}

/** Thrown when a second interruption or an end of output asks to stop: ends the program with this exit code. */
export class Stop extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`stop with exit code ${exitCode}`)
    this.name = 'Stop'
    this.exitCode = exitCode
  }
}

/**
 * One line about any error. Those of @rnn and of this program have a code that starts with `E_` and are written for people; anything else is a defect of the program, which
 * is said, with the way to see where.
 */
export function describeError(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    if (error.code.startsWith('E_')) return oneLine(error.message)
    if ('syscall' in error) return oneLine(`${error.message} (${systemProblem(error)})`)
  }
  if (error instanceof RangeError && /array (buffer )?(allocation|length)/i.test(error.message)) {
    return 'there is not enough memory for this; smaller --units, --embedding or --batch-size, or shorter texts, need less'
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return oneLine(`unexpected ${message}; this is a defect of the program: set RNN_DEBUG=1 to see where`)
}

/** Whether an error, of this program or of any package, has this code. */
export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}

/** What was wrong, without the advice, which is for another situation. */
export function problemOf(error: unknown): string {
  const problem = error instanceof Error && 'problem' in error ? error.problem : undefined
  return typeof problem === 'string' ? oneLine(problem) : describeError(error)
}

const systemProblems: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it exists already',
  EISDIR: 'it is a folder',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is a file',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
}

/** What a failed system call means, in words. */
export function systemProblem(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  return systemProblems[code] ?? (error instanceof Error ? error.message : String(error))
}

/** The text with its line ends as spaces. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
