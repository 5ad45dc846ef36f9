/** Runs workloads on subjects: compares outputs, warms up, times in interleaved rounds, and holds the results against the bars. */

import { agrees, compareOutputs, type Agreement } from './compare.ts'
import { BenchError } from './errors.ts'
import { startSubjectProcess, type SubjectProcess } from './process/subject-process.ts'
import type { ImplementationInfo } from './process/protocol.ts'
import { judge, type BarResult, type CaseResult, type ImplementationResult, type SubjectResult } from './results.ts'
import { gflopsOf, summarize } from './statistics.ts'
import { referenceSubject } from './subjects/index.ts'
import type { Outputs, Subject } from './subjects/subject.ts'
import type { Workload } from './workloads/workload.ts'

/** How much is run. */
export interface Effort {
  readonly rounds: number
  /** Before the first round, each implementation runs at least so long and so often. */
  readonly warmUpMs: number
  readonly warmUpRuns: number
  /** In each round, each implementation runs at least so long, and at least once. */
  readonly roundMs: number
}

/** The effort of a bench of so many rounds. */
export function effortOf(rounds: number): Effort {
  return { rounds, warmUpMs: 1000, warmUpRuns: 3, roundMs: 500 }
}

/** The least that goes through everything once; the timings mean nothing. */
export const QUICK: Effort = { rounds: 1, warmUpMs: 0, warmUpRuns: 1, roundMs: 0 }

/** Runs each workload on each subject that can do it. `onProgress` gets what is being done, in words. */
export async function runBench(
  workloads: readonly Workload[],
  subjects: readonly Subject[],
  effort: Effort,
  onProgress: (message: string) => void,
): Promise<{ readonly subjects: SubjectResult[]; readonly bars: BarResult[] }> {
  const results: SubjectResult[] = []
  for (const workload of workloads) results.push(...(await runWorkload(workload, subjects, effort, onProgress)))
  for (const { id } of subjects) {
    if (results.some((each) => each.subject === id)) continue
    throw new BenchError('E_SUBJECT', `${id} can do none of the workloads chosen`, 'leave it out with --subjects')
  }
  const bars = workloads.flatMap(({ id, bars }) => bars.map((bar) => judge(id, bar, results)))
  return { subjects: results, bars }
}

interface Contestant {
  readonly subject: Subject
  readonly process: SubjectProcess
  readonly implementations: readonly ImplementationInfo[]
}

async function runWorkload(
  workload: Workload,
  subjects: readonly Subject[],
  effort: Effort,
  onProgress: (message: string) => void,
): Promise<SubjectResult[]> {
  const tasks = workload.cases.map((each) => each.task)
  const started: SubjectProcess[] = []
  try {
    const contestants: Contestant[] = []
    // The reference comes first, and is there even if it is not to be timed.
    for (const subject of [referenceSubject, ...subjects.filter((each) => each !== referenceSubject)]) {
      const process = startSubjectProcess(subject.id)
      started.push(process)
      const implementations = await process.ask('prepare', { subject: subject.id, tasks })
      if (implementations.length > 0) contestants.push({ subject, process, implementations })
    }
    const agreements = await compareAll(workload, contestants, onProgress)
    const timed = contestants
      .filter(({ subject }) => subjects.includes(subject))
      .flatMap((contestant) =>
        contestant.implementations.filter((each) => each.timed).map((info) => ({ contestant, info })),
      )

    onProgress(`${workload.id}: warming up`)
    for (const { contestant, info } of timed) {
      await contestant.process.ask('run', {
        index: info.index,
        minimumMs: effort.warmUpMs,
        minimumRuns: effort.warmUpRuns,
      })
    }
    const times = new Map(timed.map(({ info }) => [info, [] as number[]]))
    for (let round = 0; round < effort.rounds; round++) {
      onProgress(`${workload.id}: round ${round + 1} of ${effort.rounds}`)
      // Each round in the other direction, so that nobody always follows the same neighbour.
      for (const { contestant, info } of round % 2 === 0 ? timed : timed.toReversed()) {
        const runs = await contestant.process.ask('run', {
          index: info.index,
          minimumMs: effort.roundMs,
          minimumRuns: 1,
        })
        times.get(info)?.push(...runs)
      }
    }
    return contestants
      .filter(({ subject }) => subjects.includes(subject))
      .map(({ subject, implementations }) => ({
        workload: workload.id,
        subject: subject.id,
        threads: subject.threads,
        cases: casesOf(workload, implementations, times, agreements),
        shareOfProbe: null,
      }))
  } finally {
    for (const process of started) process.stop()
  }
}

/** @throws E_MISMATCH for the first implementation that computes something else than the reference does */
async function compareAll(
  workload: Workload,
  contestants: readonly Contestant[],
  onProgress: (message: string) => void,
): Promise<Map<ImplementationInfo, Agreement>> {
  const references = new Map<string, Outputs>()
  const agreements = new Map<ImplementationInfo, Agreement>()
  for (const { subject, process, implementations } of contestants) {
    onProgress(`${workload.id}: comparing the outputs of ${subject.id}`)
    for (const info of implementations) {
      const { name: caseName, task } = workload.cases[info.taskIndex] ?? workload.cases[0]
      const outputs = await process.ask('outputs', { index: info.index })
      const key = `${info.taskIndex} ${info.equation}`
      if (subject === referenceSubject) {
        references.set(key, outputs)
        continue
      }
      const reference = references.get(key)
      const where = workload.cases.length > 1 ? `${workload.id} ${caseName}` : workload.id
      const who = `${where}: ${subject.id} (${info.name})`
      if (reference === undefined)
        throw new BenchError(
          'E_MISMATCH',
          `${who} states an equation that ${referenceSubject.id} does not, '${info.equation}'`,
        )
      const [worst] = compareOutputs(task, outputs, reference)
      if (worst === undefined) throw new BenchError('E_MISMATCH', `${who} gives no outputs`)
      if (!agrees(worst)) {
        throw new BenchError(
          'E_MISMATCH',
          `${who} computes something else than ${referenceSubject.id}: its ${worst.name} is off by ${worst.deviation.toExponential(1)} of the largest value, tolerance ${worst.tolerance.toExponential(1)}`,
        )
      }
      agreements.set(info, worst)
    }
  }
  return agreements
}

function casesOf(
  workload: Workload,
  infos: readonly ImplementationInfo[],
  times: ReadonlyMap<ImplementationInfo, readonly number[]>,
  agreements: ReadonlyMap<ImplementationInfo, Agreement>,
): CaseResult[] {
  return workload.cases.flatMap(({ name, flop }, taskIndex) => {
    const [fastest, ...others] = infos
      .filter((info) => info.taskIndex === taskIndex && info.timed)
      .map((info): ImplementationResult => {
        const summary = summarize(times.get(info) ?? [])
        const agreement = agreements.get(info) ?? null
        return {
          name: info.name,
          equation: info.equation,
          agreement,
          gflops: gflopsOf(flop, summary.medianMs),
          ...summary,
        }
      })
      .toSorted((a, b) => a.medianMs - b.medianMs)
    return fastest === undefined ? [] : [{ name, implementations: [fastest, ...others] as const }]
  })
}
