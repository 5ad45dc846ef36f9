// What the device refused, as an error that names the ops among which it happened.

import { RnnError } from '@rnn/core'

/** What an error scope can catch. */
export type DeviceErrorKind = 'validation' | 'out-of-memory' | 'internal'

/** An error of the device, with the ops of the submission; `described` may be empty where it was no op. */
export function deviceError(kind: DeviceErrorKind, message: string, described: readonly (() => string)[]): RnnError {
  const first = described[0]?.()
  const last = described.at(-1)?.()
  const span =
    described.length < 2 ? (first ?? 'a copy') : `one of ${described.length} dispatches from ${first} to ${last}`
  const fix = kind === 'out-of-memory' ? LESS : 'use @rnn/backend-wasm, and report this with the message'
  return new RnnError({
    code: kind === 'out-of-memory' ? 'E_OUT_OF_MEMORY' : 'E_UNSUPPORTED',
    operation: 'webgpu',
    problem: `the device refused ${span}: ${message.trim()}`,
    fix: described.length > 1 ? `make the backend with \`debug: true\` to learn which one; ${fix}` : fix,
  })
}

/** A buffer that the device would not make. */
export function bufferRefused(byteLength: number, liveBytes: number, message: string): RnnError {
  return new RnnError({
    code: 'E_OUT_OF_MEMORY',
    operation: 'allocate',
    problem: `the device refused ${byteLength} bytes beside the ${liveBytes} that live: ${message.trim()}`,
    fix: LESS,
  })
}

/** More is waiting for the device than the program should hold. */
export function tooMuchWaits(what: string): RnnError {
  return new RnnError({
    code: 'E_OUT_OF_MEMORY',
    operation: 'webgpu',
    problem: `${what} wait for the device, and nothing was awaited meanwhile`,
    fix: '`await backend.sync()`, or read a result, every so often (fit does); where one step makes that many calls, use shorter sequences or @rnn/backend-wasm',
  })
}

const LESS = 'use a smaller batch or shorter sequences, or @rnn/backend-wasm'
