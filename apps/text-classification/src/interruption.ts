/** Ctrl-C: the first asks to stop at the next step, the second quits at once. */

/** An abort signal that follows the terminal, for as long as it is not closed. */
export interface Interruption {
  readonly signal: AbortSignal
  /** Leaves Ctrl-C to the system again. */
  close(): void
}

/** Listens for Ctrl-C and for a request to end; `onFirst` is told once. */
export function listenForInterruption(onFirst: () => void): Interruption {
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
    onFirst()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return {
    signal: controller.signal,
    close: () => {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    },
  }
}
