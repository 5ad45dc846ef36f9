/** Times runs of an implementation. Runs of microseconds are timed in batches, since no clock and no promise is that fine. */

import type { Implementation, Probe, RunLimits } from '../subjects/subject.ts'

/** A run that is shorter is timed in batches that are about this long. */
const BATCH_MS = 2
/** The same where a batch is queued on a device, and ends with one wait of up to a tenth of a millisecond. */
const QUEUED_BATCH_MS = 50

type Runner = Pick<Implementation, 'run' | 'repeat' | 'timeRuns'> | Probe

const batchSizes = new WeakMap<Runner, number>()

/** Milliseconds of each timing: of a run, or a batch's mean. What is found out about the size of a batch is kept for later calls. */
export async function timeRuns(runner: Runner, limits: RunLimits): Promise<readonly number[]> {
  if ('timeRuns' in runner && runner.timeRuns !== undefined) return runner.timeRuns(limits)
  const repeat = 'repeat' in runner ? runner.repeat?.bind(runner) : undefined
  const batchMs = repeat === undefined ? BATCH_MS : QUEUED_BATCH_MS
  const times: number[] = []
  let count = batchSizes.get(runner) ?? 1
  let total = 0
  for (;;) {
    const start = performance.now()
    if (repeat === undefined) {
      for (let i = 0; i < count; i++) {
        const running = runner.run()
        if (running !== undefined) await running
      }
    } else {
      await repeat(count)
    }
    const elapsed = performance.now() - start
    total += elapsed
    if (elapsed < batchMs / 2) {
      count = Math.ceil(count * Math.min(10, batchMs / Math.max(elapsed, 1e-3)))
      batchSizes.set(runner, count)
      continue
    }
    times.push(elapsed / count)
    const enough = total >= limits.minimumMs && times.length >= limits.minimumRuns
    if (enough || total >= limits.maximumMs) return times
  }
}
