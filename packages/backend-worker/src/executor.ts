// Carries out the page's commands on the backend in the worker, and keeps what fails until the page can hear of it.

import { formatShape, FUSED_OPS, RnnError } from '@rnn/core'
import type { Backend, BufferHandle, BufferRange, FusedSignature, OpCall, Operand } from '@rnn/core'
import { PROTOCOL_VERSION, type Command, type ReplyMessage } from './protocol.ts'
import { toWire, type WireError } from './wire-error.ts'

/** Takes commands in the page's order; throws nothing. */
export interface Executor {
  execute(command: Command): void
}

/** The part of a reply that depends on the request. */
type Answer = Pick<ReplyMessage, 'bytes' | 'error' | 'failure'>

/**
 * An executor of one backend.
 *
 * A call that throws is remembered as the failure. From then on `run` and `write` are skipped and all requests answered with it, until the page has heard of it and says
 * `recover`: what it sent before may build on results that never came to be. `allocate` and `release` go on, so that a failure leaks nothing.
 */
export function executorOf(backend: Backend, post: (message: ReplyMessage, transfer: ArrayBuffer[]) => void): Executor {
  // The page names its buffers before the backend has made them.
  const handles = new Map<BufferHandle, BufferHandle>()
  /** Buffers that the backend could not make, with its reason. */
  const missing = new Map<BufferHandle, WireError>()
  const underWay = new Set<Promise<unknown>>()
  let failure: { readonly number: number; readonly error: WireError } | undefined
  let failures = 0

  const fail = (error: unknown, where?: string): void => {
    failure ??= { number: ++failures, error: toWire(error, where) }
  }

  const handleOf = (buffer: BufferHandle, operation: string): BufferHandle => {
    const handle = handles.get(buffer)
    if (handle !== undefined) return handle
    const reason = missing.get(buffer)
    throw new RnnError({
      code: reason?.details?.code ?? 'E_DISPOSED',
      operation,
      problem: `buffer ${buffer} ${reason === undefined ? 'is not alive on this backend' : `was never allocated: ${reason.message}`}`,
      fix: reason?.fix ?? 'it was released, or belongs to another backend',
    })
  }

  function run(call: OpCall): void {
    const here = (operand: Operand | null): Operand | null =>
      operand && { ...operand, buffer: handleOf(operand.buffer, call.op) }
    // The operands of the call as it was typed, each at its place.
    const translated = { ...call, inputs: call.inputs.map(here), outputs: call.outputs.map(here) } as unknown as OpCall
    backend.run(translated)
  }

  const rangesHere = (ranges: readonly BufferRange[]): BufferRange[] =>
    ranges.map((range) => ({ ...range, buffer: handleOf(range.buffer, 'read') }))

  function reply(request: number, answer: Answer, transfer: ArrayBuffer[] = [], stats = backend.stats()): void {
    post({ rnn: PROTOCOL_VERSION, type: 'reply', request, stats, ...answer }, transfer)
  }

  /** Answers with what `ask` promises. It is called at once: the values of a read are those as of now. */
  function answer(request: number, ask: () => Promise<readonly Uint8Array[] | void>): void {
    if (failure !== undefined) {
      reply(request, { error: failure.error, failure: failure.number })
      return
    }
    const answering = (async () => {
      try {
        const bytes = (await ask())?.map(ownBytes)
        reply(
          request,
          bytes === undefined ? {} : { bytes },
          bytes?.map(({ buffer }) => buffer),
        )
      } catch (error) {
        reply(request, { error: toWire(error) })
      }
    })()
    underWay.add(answering)
    void answering.finally(() => underWay.delete(answering))
  }

  async function dispose(request: number): Promise<void> {
    const message = { rnn: PROTOCOL_VERSION, type: 'reply', request } as const
    try {
      await Promise.allSettled(underWay)
      await backend.dispose()
      post(message, [])
    } catch (error) {
      post({ ...message, error: toWire(error) }, [])
    }
  }

  function carryOut(command: Command): void {
    switch (command[0]) {
      case 'allocate': {
        const [, buffer, byteLength, role] = command
        try {
          handles.set(buffer, backend.allocate(byteLength, role))
        } catch (error) {
          missing.set(buffer, toWire(error))
          throw error
        }
        return
      }
      case 'release': {
        const [, buffer] = command
        if (missing.delete(buffer)) return
        const handle = handleOf(buffer, 'release')
        handles.delete(buffer)
        backend.release(handle)
        return
      }
      case 'write': {
        const [, buffer, byteOffset, bytes] = command
        if (failure === undefined) backend.write(handleOf(buffer, 'write'), bytes, byteOffset)
        return
      }
      case 'run': {
        const [, call] = command
        if (failure !== undefined) return
        assertSupported(backend, call)
        run(call)
        return
      }
      case 'recover':
        if (failure?.number === command[1]) failure = undefined
        return
      case 'read':
        answer(command[1], () => backend.read(rangesHere(command[2])))
        return
      case 'sync':
        answer(command[1], () => backend.sync())
        return
      case 'prepare':
        answer(command[1], async () => backend.prepare?.(command[2]))
        return
      case 'dispose':
        void dispose(command[1])
    }
  }

  return {
    execute(command) {
      try {
        carryOut(command)
      } catch (error) {
        fail(error, command[0] === 'run' ? describe(command[1]) : undefined)
      }
    },
  }
}

/** The page may have guessed what the backend supports; a wrong guess is an error, never another result. */
function assertSupported(backend: Backend, call: OpCall): void {
  if (!isFused(call) || backend.alwaysFused?.includes(call.op)) return
  const answer = backend.supports(call)
  if (answer === true) return
  throw new RnnError({
    code: 'E_UNSUPPORTED',
    operation: call.op,
    problem: `the backend '${backend.name}' refuses it: ${answer.reason}`,
    fix: 'give remote(worker, { supports }) a function that answers as the backend does',
  })
}

function isFused(call: OpCall): call is OpCall & FusedSignature {
  return (FUSED_OPS as readonly string[]).includes(call.op)
}

/** Bytes alone in their memory, which can then be handed over. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : bytes.slice()
}

/** The call for people: `gather [4, 2], int32 [3] → [3, 2]`. */
function describe({ op, inputs, outputs }: OpCall): string {
  const list = (operands: readonly (Operand | null)[]): string =>
    operands
      .map((each) => {
        if (each === null) return '–'
        return `${each.dtype === 'float32' ? '' : `${each.dtype} `}${formatShape(each.shape)}`
      })
      .join(', ')
  return `${op} ${list(inputs)} → ${list(outputs)}`
}
