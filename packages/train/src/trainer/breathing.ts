// Lets a page draw and a process hear its signals while training runs.

/** How long a stretch of steps may keep the thread, in milliseconds: one frame of a page. */
const FRAME = 16

/** Gives the thread away for one macrotask when that is due. */
export interface Breather {
  /** Resolves at once while the last macrotask is young, else in the next one. */
  pause(): Promise<void> | undefined
  close(): void
}

/** A breather of its own for one loop. */
export function createBreather(): Breather {
  const macrotasks = macrotaskSource()
  let last = performance.now()
  return {
    pause() {
      if (performance.now() - last < FRAME) return undefined
      return macrotasks.next().then(() => {
        last = performance.now()
      })
    },
    close: () => macrotasks.close(),
  }
}

interface MacrotaskSource {
  next(): Promise<void>
  close(): void
}

/**
 * `setImmediate` where there is one (Node serves timers and signals between two of them, which it doesn't between messages); else a message channel:
 * `setTimeout` waits 4 ms, and a second or more in a hidden tab.
 */
function macrotaskSource(): MacrotaskSource {
  const { setImmediate } = globalThis as { readonly setImmediate?: (callback: () => void) => unknown } // not in every host
  if (setImmediate !== undefined)
    return { next: () => new Promise((resolve) => setImmediate(resolve)), close: () => {} }
  const { port1, port2 } = new MessageChannel()
  let wake: (() => void) | undefined
  port1.addEventListener('message', () => wake?.())
  port1.start()
  return {
    next: () =>
      new Promise((resolve) => {
        wake = resolve
        port2.postMessage(null)
      }),
    close: () => port1.close(),
  }
}
