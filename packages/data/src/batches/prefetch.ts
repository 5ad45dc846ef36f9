/** Batches made ahead of the step that uses them, while that step waits for its device. */

import { checkWhole } from '../errors.ts'
import { checkPosition } from './batch-source.ts'
import type { AsyncBatchSource, BatchSource } from './batch-source.ts'

/**
 * The same source with up to `depth` batches ready beforehand. Order and content are the source's own; its errors
 * arrive at their place in the order, after the batches before them. Batches are made between macrotasks, one at a
 * time, so that a page stays alive; a consumer that finds none ready gets the next one at once. Breaking out of the
 * loop stops the work and ends the source's iterator.
 *
 * @example
 * ```ts
 * import { prefetch, textDataset } from '@rnn/data'
 * const set = prefetch(textDataset({ ids: [[2], [3], [4]], labels: [0, 1, 0], batchSize: 2, shuffle: false }), 2)
 * const sizes = []
 * for await (const batch of set.batches(0)) sizes.push(batch.size)
 * sizes // → [2, 1]
 * ```
 */
export function prefetch<Inputs, Targets>(
  source: BatchSource<Inputs, Targets>,
  depth = 2,
): AsyncBatchSource<Inputs, Targets> {
  checkWhole(depth, 'depth', 1)
  return {
    batchCount: source.batchCount,
    sampleCount: source.sampleCount,
    batches(epoch, start = 0) {
      checkPosition(epoch, start, source.batchCount)
      return { [Symbol.asyncIterator]: () => prefetchIterator(iteratorOf(source.batches(epoch, start)), depth) }
    },
  }
}

function iteratorOf<T>(iterable: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown }

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void
  readonly reject: (error: unknown) => void
}

/** An iterator whose pump keeps `ready` filled. Invariant: `ready` and `waiting` are never both non-empty. */
function prefetchIterator<T>(inner: AsyncIterator<T> | Iterator<T>, depth: number): AsyncIterator<T, undefined> {
  const ready: Outcome<T>[] = []
  const waiting: Waiter<T>[] = []
  const state = { ended: false, pumping: false }
  let pumped: Promise<void> | undefined
  let wake: (() => void) | undefined

  const settle = (): void => {
    while (waiting.length > 0 && ready.length > 0) {
      const { resolve, reject } = waiting.shift() as Waiter<T>
      const outcome = ready.shift() as Outcome<T>
      if ('error' in outcome) reject(outcome.error)
      else resolve({ done: false, value: outcome.value })
    }
    if (state.ended) for (const { resolve } of waiting.splice(0)) resolve({ done: true, value: undefined })
  }

  const makeOne = async (): Promise<void> => {
    try {
      const result = await inner.next()
      if (state.ended) return // stopped meanwhile: nobody is to see this batch
      if (result.done === true) state.ended = true
      else ready.push({ value: result.value })
    } catch (error) {
      if (!state.ended) ready.push({ error })
      state.ended = true
    }
  }

  const pump = async (): Promise<void> => {
    state.pumping = true
    while (!state.ended && (waiting.length > 0 || ready.length < depth)) {
      if (waiting.length === 0) await idle()
      if (!state.ended) await makeOne()
      settle()
    }
    state.pumping = false
  }

  /** Ends in the next macrotask, or as soon as someone waits for a batch. */
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, 0)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const stop = async (): Promise<void> => {
    const alreadyEnded = state.ended
    state.ended = true
    ready.length = 0
    settle()
    wake?.()
    await pumped
    if (!alreadyEnded) await inner.return?.()
  }

  return {
    next() {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        settle()
        if (waiting.length > 0) wake?.()
        if (!state.pumping && !state.ended) pumped = pump()
      })
    },
    async return() {
      await stop()
      return { done: true, value: undefined }
    },
  }
}
