/** How much is run. */

import type { RunLimits } from './subjects/subject.ts'

/** How long and how often each implementation runs. */
export interface Effort {
  readonly rounds: number
  readonly warmUp: RunLimits
  /** In each round. */
  readonly round: RunLimits
  /** A subject that takes longer over an answer is ended. */
  readonly limitMs: number
}

/** The effort of a bench of so many rounds. */
export function effortOf(rounds: number, limitMs: number): Effort {
  return {
    rounds,
    warmUp: { minimumMs: 1000, minimumRuns: 3, maximumMs: 8000 },
    round: { minimumMs: 500, minimumRuns: 1, maximumMs: 8000 },
    limitMs,
  }
}

/** The least that goes through everything once; the timings mean nothing. */
export function quickEffort(limitMs: number): Effort {
  const once = { minimumMs: 0, minimumRuns: 1, maximumMs: 0 }
  return { rounds: 1, warmUp: once, round: once, limitMs }
}

/** What the probe gets of that, as often as any subject has its turn: its runs take milliseconds. Reading memory runs once. */
export function probeLimits(unit: 'flop' | 'byte', { minimumMs, maximumMs }: RunLimits): RunLimits {
  return { minimumMs: unit === 'flop' ? Math.min(minimumMs, 100) : 0, minimumRuns: 1, maximumMs }
}
