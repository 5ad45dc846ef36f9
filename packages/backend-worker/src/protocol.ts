// What page and worker say to one another: the calls of the Backend contract as data, many to a message.

import type {
  BackendInfo,
  BackendStats,
  BufferHandle,
  BufferRange,
  BufferRole,
  FusedName,
  OpCall,
  OpSignature,
} from '@rnn/core'
import type { WireError } from './wire-error.ts'

/** Goes up with every change of a message: both sides must have the same. */
export const PROTOCOL_VERSION = 1

/**
 * A call of the contract. Buffers are named by the page, so that `allocate` waits for nothing. Commands with a `request` are answered by a reply;
 * `recover` says that the page knows of a failure and that calls from here on are meant again.
 */
export type Command =
  | readonly ['allocate', buffer: BufferHandle, byteLength: number, role: BufferRole]
  | readonly ['release', buffer: BufferHandle]
  | readonly ['write', buffer: BufferHandle, byteOffset: number, bytes: Uint8Array]
  | readonly ['run', call: OpCall]
  | readonly ['recover', failure: number]
  | readonly ['read', request: number, ranges: readonly BufferRange[]]
  | readonly ['sync', request: number]
  | readonly ['prepare', request: number, calls: readonly OpSignature[]]
  | readonly ['dispose', request: number]

/** Marks a message of ours, and says which version wrote it. */
interface Marked {
  readonly rnn: number
}

/** Page to worker: make the backend. */
export interface StartMessage extends Marked {
  readonly type: 'start'
  /** For the function that makes the backend. */
  readonly options: unknown
}

/** Page to worker: calls in their order. */
export interface CommandsMessage extends Marked {
  readonly type: 'commands'
  readonly commands: readonly Command[]
}

export type ToWorker = StartMessage | CommandsMessage

/** Worker to page: the worker's file has run; a start message that came before may have been lost. */
export interface ListeningMessage extends Marked {
  readonly type: 'listening'
}

/** Worker to page: the backend is there. */
export interface StartedMessage extends Marked {
  readonly type: 'started'
  readonly name: string
  readonly info: BackendInfo
  readonly alwaysFused: readonly FusedName[]
  readonly prepares: boolean
  readonly stats: BackendStats
  /** Name of a Web Lock that the worker holds as long as it lives. */
  readonly lock: string | undefined
}

/** Worker to page: the backend could not be made. */
export interface RefusedMessage extends Marked {
  readonly type: 'refused'
  readonly error: WireError
}

/** Worker to page: the answer to a request. */
export interface ReplyMessage extends Marked {
  readonly type: 'reply'
  readonly request: number
  readonly bytes?: readonly Uint8Array<ArrayBuffer>[]
  readonly error?: WireError
  /** Number of the failure of an earlier call that `error` tells of; absent when the request itself failed. */
  readonly failure?: number
  /** As of this reply; absent after dispose. */
  readonly stats?: BackendStats
}

export type FromWorker = ListeningMessage | StartedMessage | RefusedMessage | ReplyMessage

/** Whether a message is one of ours, of whichever version; workers may have others of their own. */
export function isMarked(data: unknown): data is Marked {
  return typeof data === 'object' && data !== null && 'rnn' in data && typeof data.rnn === 'number'
}
