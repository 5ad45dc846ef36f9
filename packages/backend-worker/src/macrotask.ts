// A task of its own, as soon as the current one and its microtasks have ended.

interface Scheduling {
  readonly setImmediate?: (task: () => void) => unknown
}

/** A function that runs `task` in a macrotask after the current one. Timers would wait: browsers round them up to 4 ms. */
export function macrotasks(task: () => void): () => void {
  // Node has no cheaper way, and an open channel would keep its process from ending.
  const { setImmediate } = globalThis as Scheduling
  if (setImmediate !== undefined) return () => void setImmediate(task)
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', task)
  port1.start()
  return () => port2.postMessage(null)
}
