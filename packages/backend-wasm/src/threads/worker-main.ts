// A worker thread: does parts of commands until it is told to quit. Loads nothing of @rnn but this folder.

import { CLAIM, CONTROL_WORDS, DONE, doPart, FAILED, RUNNING, SLEEPING, spin, STATE, WAITING } from './control.ts'
import type { Command } from './control.ts'

/** What a worker is sent to begin with. */
export interface Start {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  /** Address of the control words. */
  readonly control: number
  /** Exports of the module, by the numbers of commands. */
  readonly commands: readonly string[]
}

/** Longer than the time that JavaScript takes between two ops, shorter than anyone minds a busy core for. */
const SPIN_MILLISECONDS = 0.2

/** The worker's end of the line: `parentPort` in a thread of Node, `self` in a Web Worker. */
interface Port {
  postMessage(message: unknown): void
  once?(event: 'message', listener: (data: Start) => void): void
}

interface Scope extends Port {
  readonly process?: {
    getBuiltinModule?(name: 'node:worker_threads'): { readonly parentPort: Port | null } | undefined
  }
  addEventListener?(
    type: 'message',
    listener: (event: { readonly data: Start }) => void,
    options: { readonly once: true },
  ): void
}

const scope = globalThis as unknown as Scope // the lib of types is that of a page
const parent = scope.process?.getBuiltinModule?.('node:worker_threads')?.parentPort
if (parent?.once) parent.once('message', (start) => void serve(start, parent))
else scope.addEventListener?.('message', ({ data }) => void serve(data, scope), { once: true })

async function serve({ module, memory, control: address, commands: names }: Start, port: Port): Promise<void> {
  const control = new Int32Array(memory.buffer, address, CONTROL_WORDS)
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
  const commands = names.map((name) => exports[name] as Command)
  port.postMessage('ready')
  try {
    work(control, commands)
  } catch (error) {
    // The main thread may be spinning: it learns by memory, not by message.
    Atomics.store(control, STATE, FAILED)
    Atomics.add(control, DONE, 1)
    Atomics.notify(control, DONE)
    throw error
  }
}

function work(control: Int32Array, commands: readonly Command[]): void {
  for (;;) {
    const claim = Atomics.load(control, CLAIM)
    if (doPart(control, commands)) {
      if (Atomics.load(control, WAITING) === 1) Atomics.notify(control, DONE)
      continue
    }
    if (Atomics.load(control, STATE) !== RUNNING) return
    if (spin(control, CLAIM, claim, SPIN_MILLISECONDS)) continue
    Atomics.add(control, SLEEPING, 1)
    Atomics.wait(control, CLAIM, claim)
    Atomics.sub(control, SLEEPING, 1)
  }
}
