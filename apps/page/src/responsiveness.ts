// Watches whether the page stays alive: tasks of the main thread over 50 ms, as the browser reports them, and the longest time that a timer was late.

/** What was seen. */
export interface Responsiveness {
  /** Durations in milliseconds of tasks over 50 ms. */
  readonly longTasks: readonly number[]
  /** The longest time in milliseconds between two turns of a timer that is due at once. */
  readonly longestGap: number
  /** Turns of that timer. */
  readonly turns: number
}

/** A watch that has begun. */
export interface Watch {
  now(): Responsiveness
  end(): Responsiveness
}

/** Watches from now on. Engines without the Long Tasks API (Firefox, Safari) have the gaps alone. */
export function watchResponsiveness(): Watch {
  const longTasks: number[] = []
  const began = performance.now()
  const observer = new PerformanceObserver((list) => note(list.getEntries()))
  // What began earlier is not part of it.
  const note = (entries: readonly PerformanceEntry[]): void => {
    for (const { startTime, duration } of entries) if (startTime >= began) longTasks.push(duration)
  }
  if (PerformanceObserver.supportedEntryTypes.includes('longtask')) observer.observe({ entryTypes: ['longtask'] })

  let longestGap = 0
  let turns = 0
  let last = began
  let timer: ReturnType<typeof setTimeout>
  const turn = (): void => {
    const now = performance.now()
    longestGap = Math.max(longestGap, now - last)
    last = now
    turns++
    timer = setTimeout(turn)
  }
  timer = setTimeout(turn)

  const now = (): Responsiveness => {
    note(observer.takeRecords())
    return { longTasks: [...longTasks], longestGap, turns }
  }
  return {
    now,
    end() {
      clearTimeout(timer)
      const result = now()
      observer.disconnect()
      return result
    },
  }
}
