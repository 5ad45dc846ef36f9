/** Catches the error that a call must throw. */
import { DataError } from '../src/index.ts'

/** The {@link DataError} that `call` throws; fails the test when it throws none, or something else. */
export function failure(call: () => unknown): DataError {
  try {
    call()
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('expected a DataError, but nothing was thrown')
}
