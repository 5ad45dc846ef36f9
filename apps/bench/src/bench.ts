/** Runs workloads on subjects, and holds the results against the bars. */

import { runContest } from './contest.ts'
import type { Effort } from './effort.ts'
import { judge, type BarResult, type FailureNote, type SubjectResult } from './results.ts'
import type { Subject } from './subjects/subject.ts'
import type { Workload } from './workloads/workload.ts'

/** What to run. */
export interface Plan {
  readonly workloads: readonly Workload[]
  readonly subjects: readonly Subject[]
  /** Whether somebody named the subjects; otherwise they leave out what would take them too long. */
  readonly named: boolean
  readonly effort: Effort
}

/** What came out; a subject that failed is in `failures`, and has no result there. */
export interface Findings {
  readonly subjects: readonly SubjectResult[]
  readonly bars: readonly BarResult[]
  readonly failures: readonly FailureNote[]
}

/** Runs each workload on each subject that can do it. `onProgress` gets what is being done, and what is not, in words. */
export async function runBench(plan: Plan, onProgress: (message: string) => void): Promise<Findings> {
  const { workloads, subjects, named, effort } = plan
  const results: SubjectResult[] = []
  const failures: FailureNote[] = []
  for (const workload of workloads) {
    const contestants = subjects.filter((subject) => {
      const reasons = workload.cases.map(({ task, flop }) => subject.leavesOut?.(task, flop))
      const reason = reasons.find((each) => each !== undefined)
      if (named || reason === undefined) return true
      onProgress(`${workload.id}: ${subject.id} is left out, because ${reason}; name it with --subjects`)
      return false
    })
    const found = await runContest(workload, contestants, effort, onProgress)
    results.push(...found.results)
    failures.push(...found.failures)
  }
  for (const { id } of named ? subjects : []) {
    if ([...results, ...failures].some((each) => each.subject === id)) continue
    failures.push({ workload: null, subject: id, reason: `${id} can do none of the workloads chosen` })
  }
  const chosen = new Set(subjects.map(({ id }) => id))
  const bars = workloads.flatMap(({ id, bars }) =>
    bars.filter(({ subject }) => chosen.has(subject)).map((bar) => judge(id, bar, results)),
  )
  return { subjects: results, bars, failures }
}
