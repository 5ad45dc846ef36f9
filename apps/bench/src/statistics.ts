/** What is reported about a list of timings. */

export interface Summary {
  readonly medianMs: number
  readonly minMs: number
  readonly maxMs: number
  /** How many runs were timed. */
  readonly runs: number
}

/** Summarises at least one timing. */
export function summarize(runsMs: readonly number[]): Summary {
  const sorted = runsMs.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const medianMs = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { medianMs, minMs: sorted[0]!, maxMs: sorted.at(-1)!, runs: sorted.length }
}

/** GFLOP/s or GB/s of a run of so many operations or bytes in `ms` milliseconds. */
export function gigaPerSecond(work: number, ms: number): number {
  return work / ms / 1e6
}
