// A sign of life by the Web Locks API: a worker holds a lock until it dies, however it dies, and whoever waits for that lock then learns of it.

interface Locks {
  request(name: string, options: { readonly signal?: AbortSignal }, granted: () => unknown): Promise<unknown>
}

/** Missing outside secure contexts and in older engines; refused to workers of no origin (`data:` URLs). */
function locks(): Locks | undefined {
  const { navigator } = globalThis as { readonly navigator?: { readonly locks?: Locks } }
  return navigator?.locks
}

/** In the worker: takes a lock for life. @returns its name, or undefined where there are no locks */
export async function holdLock(): Promise<string | undefined> {
  const available = locks()
  if (available === undefined) return undefined
  const name = `rnn-worker-${Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('')}`
  return new Promise((resolve) => {
    const forever = (): Promise<never> => {
      resolve(name)
      return new Promise(() => {})
    }
    available.request(name, {}, forever).catch(() => resolve(undefined))
  })
}

/** In the page: calls `released` when the holder of the lock has died, unless aborted before. */
export function onLockReleased(name: string, signal: AbortSignal, released: () => void): void {
  locks()
    ?.request(name, { signal }, released)
    .catch(() => {}) // aborted, or refused: then nobody watches
}
