/** Ctrl-C: the first asks to stop at the next step, the second quits at once. */

/** An abort signal that follows the terminal, for as long as it is not closed. */
export interface Interruption {
  readonly signal: AbortSignal
  /** Leaves Ctrl-C to the system again. */
  close(): void
}

// Ctrl-C, a request to end, and the end of the terminal.
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listens for Ctrl-C, a request to end, and the end of the terminal; `onFirst` is told once. */
export function listenForInterruption(onFirst: () => void): Interruption {
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
    onFirst()
  }
  for (const name of signals) process.on(name, interrupt)
  return {
    signal: controller.signal,
    close: () => {
      for (const name of signals) process.off(name, interrupt)
    },
  }
}
