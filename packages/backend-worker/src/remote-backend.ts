// The Backend that the page holds: names buffers, records calls, matches replies with who waits for them.

import { RnnError } from '@rnn/core'
import type { Backend, BufferHandle, ErrorCode } from '@rnn/core'
import { CommandQueue } from './command-queue.ts'
import type { Link } from './link.ts'
import { PROTOCOL_VERSION, type Command, type ReplyMessage, type StartedMessage } from './protocol.ts'
import type { RemoteOptions } from './remote.ts'
import { fromWire } from './wire-error.ts'

interface Waiting {
  readonly operation: string
  resolve(reply: ReplyMessage): void
  reject(error: Error): void
}

/** The backend behind a line whose worker has started. */
export function remoteBackend(link: Link, started: StartedMessage, supports: RemoteOptions['supports']): Backend {
  const { info, alwaysFused, prepares } = started
  const name = `worker(${started.name})`
  const waiting = new Map<number, Waiting>()
  // As in other backends, handles count up from a random start: one of another backend is then told from our own.
  let nextBuffer = 1 + Math.floor(Math.random() * 2 ** 30)
  let nextRequest = 1
  let knownFailure = 0
  let { stats } = started
  let lost: { readonly problem: string; readonly cause: unknown } | undefined
  let disposed = false

  const error = (code: ErrorCode, operation: string): RnnError =>
    code === 'E_BACKEND_LOST'
      ? new RnnError({
          code,
          operation,
          problem: `${lost?.problem}; its buffers are lost`,
          fix: 'make a new backend and load the last checkpoint',
          cause: lost?.cause,
        })
      : new RnnError({
          code,
          operation,
          problem: `the backend ${name} has been disposed`,
          fix: 'make a new one with `await remote(worker)`',
        })

  const lose = (problem: string, cause: unknown): void => {
    if (lost !== undefined) return
    lost = { problem, cause }
    queue.clear()
    for (const { operation, reject } of waiting.values()) reject(error('E_BACKEND_LOST', operation))
    waiting.clear()
    link.hold(false)
  }

  const queue = new CommandQueue((commands, transfer) => {
    if (lost !== undefined) return
    try {
      link.post({ rnn: PROTOCOL_VERSION, type: 'commands', commands }, transfer)
    } catch (cause) {
      // Commands that can't be cloned are gone, and with them the order of all that follows.
      lose('calls could not be sent to the worker', cause)
    }
  })

  const assertLive = (operation: string): void => {
    if (disposed) throw error('E_BACKEND_DISPOSED', operation)
    if (lost !== undefined) throw error('E_BACKEND_LOST', operation)
  }

  const request = (commandOf: (request: number) => Command): Promise<ReplyMessage> =>
    new Promise((resolve, reject) => {
      const number = nextRequest++
      const command = commandOf(number)
      if (waiting.size === 0) link.hold(true)
      waiting.set(number, { operation: command[0], resolve, reject })
      queue.push(command)
      queue.flush()
    })

  const settle = (reply: ReplyMessage): void => {
    const waiter = waiting.get(reply.request)
    if (waiter === undefined) return
    waiting.delete(reply.request)
    if (waiting.size === 0) link.hold(false)
    if (reply.stats !== undefined) ({ stats } = reply)
    if (reply.error === undefined) {
      waiter.resolve(reply)
      return
    }
    // All calls so far may build on the one that failed. The first to hear of it draws the line: calls after it are meant again.
    if (reply.failure !== undefined && reply.failure > knownFailure) {
      knownFailure = reply.failure
      queue.push(['recover', reply.failure])
    }
    waiter.reject(fromWire(reply.error))
  }

  link.listen({
    message: (message) => message.type === 'reply' && settle(message),
    gone: lose,
  })
  if (started.lock !== undefined) link.watch(started.lock)
  link.hold(false)

  return {
    name,
    interfaceVersion: 1,
    info,
    supports(call) {
      if (disposed) throw error('E_BACKEND_DISPOSED', 'supports')
      if (supports !== undefined) return supports(call, info)
      if (alwaysFused.includes(call.op)) return true
      return {
        reason: `'${started.name}' in the worker does not list ${call.op} in alwaysFused, and a page can't wait for its answer; give its supports to remote(worker, { supports })`,
      }
    },
    ...(supports === undefined && { alwaysFused }),
    ...(prepares && {
      async prepare(calls) {
        assertLive('prepare')
        await request((number) => ['prepare', number, calls])
      },
    }),
    allocate(byteLength, role) {
      assertLive('allocate')
      const buffer = nextBuffer++ as BufferHandle // where handles are made
      queue.push(['allocate', buffer, byteLength, role])
      return buffer
    },
    release(buffer) {
      if (disposed) throw error('E_BACKEND_DISPOSED', 'release')
      // What a lost worker held is free already; whoever cleans up after the loss must not fail again.
      if (lost === undefined) queue.push(['release', buffer])
    },
    write(buffer, data, byteOffset = 0) {
      assertLive('write')
      const bytes = new Uint8Array(data.byteLength)
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      queue.pushWith(['write', buffer, byteOffset, bytes], bytes.buffer)
    },
    run(call) {
      assertLive('run')
      queue.push(['run', call])
    },
    async read(ranges) {
      assertLive('read')
      const { bytes = [] } = await request((number) => ['read', number, ranges])
      return [...bytes]
    },
    async sync() {
      assertLive('sync')
      await request((number) => ['sync', number])
    },
    stats() {
      if (disposed) throw error('E_BACKEND_DISPOSED', 'stats')
      return stats
    },
    async dispose() {
      if (disposed) throw error('E_BACKEND_DISPOSED', 'dispose')
      disposed = true
      try {
        if (lost === undefined) await request((number) => ['dispose', number])
      } catch (thrown) {
        // A worker that died has freed everything in its way.
        if (lost === undefined) throw thrown
      } finally {
        await link.end()
      }
    },
  }
}
