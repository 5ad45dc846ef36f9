// The workers of a backend, as its main thread sees them: a command goes out, parts are done by whoever comes first, and the main thread waits for the last.

import { RnnError } from '@rnn/core'
import { DONE, doPart, publish, QUIT, RUNNING, spin, STATE, WAITING } from './control.ts'
import type { Command } from './control.ts'
import { spawn } from './spawn.ts'
import type { Thread } from './spawn.ts'
import type { Start } from './worker-main.ts'

/** The main thread spins so long for the last part before it sleeps, where it may. */
const SPIN_MILLISECONDS = 0.2

/** Between looks at whether the workers make progress. */
const LOOK_MILLISECONDS = 50

/** A part that shows no progress for so long is lost. Kernels show theirs at every time step and block. */
const LOST_MILLISECONDS = 30_000

/** Words that change as the parts of the present command go on. */
export interface Progress {
  sum(): number
}

/** Workers that share a memory. */
export class Crew {
  readonly #control: Int32Array
  readonly #commands: readonly Command[]
  readonly #threads: readonly Thread[]
  readonly #maySleep: boolean
  readonly #patience: number
  #lost: string | undefined

  private constructor(control: Int32Array, commands: readonly Command[], threads: readonly Thread[], patience: number) {
    this.#patience = patience
    this.#control = control
    this.#commands = commands
    this.#threads = threads
    this.#maySleep = maySleep(control)
  }

  /**
   * Starts `count` workers.
   *
   * @param patience milliseconds after which a part without progress is lost
   * @throws E_BACKEND_LOST when a worker can't start
   */
  static async start(
    count: number,
    control: Int32Array,
    commands: readonly Command[],
    start: Start,
    patience: number = LOST_MILLISECONDS,
  ): Promise<Crew> {
    const threads: Thread[] = []
    try {
      for (let i = 0; i < count; i++) threads.push(spawn(start))
      await Promise.all(threads.map(({ ready }) => ready))
      return new Crew(control, commands, threads, patience)
    } catch (cause) {
      await Promise.allSettled(threads.map((thread) => thread.end()))
      throw new RnnError({
        code: 'E_BACKEND_LOST',
        operation: 'wasm',
        problem: `a worker thread could not start (${cause instanceof Error ? cause.message : String(cause)})`,
        fix: 'see that worker.js of @rnn/backend-wasm is served beside its other files, or use one thread',
        cause,
      })
    }
  }

  /** Runs a command to its end. @throws E_BACKEND_LOST when a worker fails or dies in it, or has before */
  run(command: number, args: number, parts: number, operation: string, progress: Progress): void {
    this.#check(operation)
    const control = this.#control
    publish(control, command, args, parts)
    while (doPart(control, this.#commands));
    for (let done = Atomics.load(control, DONE); done < parts; done = Atomics.load(control, DONE)) {
      if (!spin(control, DONE, done, SPIN_MILLISECONDS)) this.#wait(parts, operation, progress)
    }
    if (Atomics.load(control, STATE) !== RUNNING) this.#check(operation)
  }

  /** Ends the workers. */
  async end(): Promise<void> {
    Atomics.store(this.#control, STATE, QUIT)
    await Promise.all(this.#threads.map((thread) => thread.end()))
  }

  #wait(parts: number, operation: string, progress: Progress): void {
    const control = this.#control
    let last = progress.sum()
    let since = performance.now()
    for (let done = Atomics.load(control, DONE); done < parts; done = Atomics.load(control, DONE)) {
      if (this.#maySleep) {
        Atomics.store(control, WAITING, 1)
        Atomics.wait(control, DONE, done, LOOK_MILLISECONDS)
        Atomics.store(control, WAITING, 0)
      } else {
        spin(control, DONE, done, LOOK_MILLISECONDS)
      }
      const sum = progress.sum()
      if (sum !== last || Atomics.load(control, DONE) !== done) {
        last = sum
        since = performance.now()
      } else if (performance.now() - since > this.#patience) {
        this.#lost = `a worker thread has shown no progress for ${this.#patience / 1000} s`
        this.#check(operation)
      }
    }
  }

  #check(operation: string): void {
    if (this.#lost === undefined) {
      const dead = this.#threads.find(({ failure }) => failure !== undefined)
      if (dead?.failure !== undefined) this.#lost = `a worker thread is gone: ${dead.failure.problem}`
      else if (Atomics.load(this.#control, STATE) !== RUNNING) this.#lost = 'a worker thread has failed'
    }
    if (this.#lost === undefined) return
    throw new RnnError({
      code: 'E_BACKEND_LOST',
      operation,
      problem: this.#lost,
      fix: 'dispose of this backend and make a new one',
    })
  }
}

/** Whether this thread may sleep: the main thread of a page must not. */
function maySleep(control: Int32Array): boolean {
  try {
    Atomics.wait(control, WAITING, 1, 0)
    return true
  } catch {
    return false
  }
}
