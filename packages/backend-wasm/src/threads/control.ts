// The words in shared memory by which threads share the parts of a command. No messages: a command is published by one store, its parts are taken by
// compare-and-exchange, and the main thread takes those that no worker has begun, so that a sleeping or slow worker delays nothing that it has not started.

/** What a thread calls to do a part. */
export type Command = (args: number, part: number, parts: number) => void

// Indices into the control words, each in a cache line of its own.

/** Commands so far (16 bits), parts of the present one (8 bits), and how many of these have been taken (8 bits). */
export const CLAIM = 0
/** Parts of the present command that are done. */
export const DONE = 16
/** Number of the present command. */
export const COMMAND = 32
/** Address of its arguments. */
export const ARGUMENTS = 33
/** Workers that sleep on CLAIM. */
export const SLEEPING = 48
/** 1 while the main thread sleeps on DONE. */
export const WAITING = 64
/** RUNNING, QUIT or FAILED. */
export const STATE = 80

/** Words of the control block. */
export const CONTROL_WORDS = 96

export const RUNNING = 0
export const QUIT = 1
/** A worker threw: its part will never be right. */
export const FAILED = 2

/** Most threads: what eight bits of parts allow, with room to spare. */
export const MOST_THREADS = 64

/** Turns of a spinning loop before the clock is looked at. */
const TURNS = 256

/** Publishes a command. All parts of the one before are done. */
export function publish(control: Int32Array, command: number, args: number, parts: number): void {
  control[COMMAND] = command
  control[ARGUMENTS] = args
  Atomics.store(control, DONE, 0)
  const commands = (Atomics.load(control, CLAIM) >>> 16) + 1
  Atomics.store(control, CLAIM, (commands << 16) | (parts << 8))
  if (Atomics.load(control, SLEEPING) > 0) Atomics.notify(control, CLAIM)
}

/** Takes and does one part of the present command; false when none is left. */
export function doPart(control: Int32Array, commands: readonly Command[]): boolean {
  for (;;) {
    const claim = Atomics.load(control, CLAIM)
    const part = claim & 255
    const parts = (claim >>> 8) & 255
    if (part >= parts) return false
    // Whoever takes a part knows that the command stays until that part is done.
    if (Atomics.compareExchange(control, CLAIM, claim, claim + 1) !== claim) continue
    commands[control[COMMAND]!]!(control[ARGUMENTS]!, part, parts)
    Atomics.add(control, DONE, 1)
    return true
  }
}

interface Pausing {
  /** Tells the processor that a loop spins (ES2026). */
  readonly pause?: (turns?: number) => void
}

const { pause } = Atomics as Pausing

/** Spins until a word differs from `value`, for about `milliseconds`; false if it never did. */
export function spin(control: Int32Array, index: number, value: number, milliseconds: number): boolean {
  const end = performance.now() + milliseconds
  do {
    for (let turn = 0; turn < TURNS; turn++) {
      if (Atomics.load(control, index) !== value) return true
      pause?.()
    }
  } while (performance.now() < end)
  return false
}
