/** One workload on its subjects: compares outputs, warms up, and times in interleaved rounds, each subject in a process of its own. */

import { agrees, compareOutputs, type Agreement } from './compare.ts'
import { probeLimits, type Effort } from './effort.ts'
import { BenchError } from './errors.ts'
import { startSubjectProcess, type SubjectProcess } from './process/subject-process.ts'
import type { ImplementationInfo } from './process/protocol.ts'
import {
  describeDevice,
  headlineOf,
  type CaseResult,
  type DeviceResult,
  type FailureNote,
  type ImplementationResult,
  type SubjectResult,
} from './results.ts'
import { gigaPerSecond, summarize } from './statistics.ts'
import { probeSubject, referenceSubject } from './subjects/index.ts'
import type { Device, Outputs, Probe, RunLimits, Subject } from './subjects/subject.ts'
import { leastBytes, type Workload } from './workloads/workload.ts'

/** A run that takes longer is slow: of a subject's slow implementations, only the good ones are timed in every round. */
const SLOW_MS = 2000
const HOPELESS = 1.5
/** One that takes so long varies little by comparison: its outputs were its warm-up, and it is timed in the first round only. */
const VERY_SLOW_MS = 10_000

interface Contestant {
  readonly subject: Subject
  readonly process: SubjectProcess
  readonly implementations: readonly ImplementationInfo[]
  readonly device: Device | null
  readonly times: Map<ImplementationInfo, number[]>
  readonly agreements: Map<ImplementationInfo, Agreement>
  failed: boolean
}

/** What a contest found. A subject that failed is no longer part of it, and the others go on. */
export interface Contest {
  readonly results: readonly SubjectResult[]
  readonly failures: readonly FailureNote[]
}

/** Runs a workload. The reference and the probe take part whether or not they are among the subjects. */
export async function runContest(
  workload: Workload,
  subjects: readonly Subject[],
  effort: Effort,
  onProgress: (message: string) => void,
): Promise<Contest> {
  const say = (message: string): void => onProgress(`${workload.id}: ${message}`)
  const failures: FailureNote[] = []
  const started: SubjectProcess[] = []
  /** Does something with a subject; when it fails, the subject is out. */
  const attempt = async (subject: Subject, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof BenchError)) throw error
      failures.push({ workload: workload.id, subject: subject.id, reason: error.message })
      say(error.message)
      return false
    }
  }
  const stopAll = (): void => started.forEach((each) => each.stop())
  process.on('exit', stopAll)
  try {
    const contestants: Contestant[] = []
    const others = subjects.filter((each) => each !== referenceSubject && each !== probeSubject)
    for (const subject of [referenceSubject, ...others, probeSubject]) {
      const own = startSubjectProcess(subject.id, effort.limitMs)
      started.push(own)
      await attempt(subject, async () => {
        const tasks = workload.cases.map((each) => each.task)
        const { implementations, cannot, device } = await own.ask('prepare', { subject: subject.id, tasks })
        if (cannot !== null) say(`${subject.id} can't do it: ${cannot}`)
        if (implementations.length === 0) return
        const times = new Map<ImplementationInfo, number[]>()
        if (device !== null) say(`${subject.id} runs on ${describeDevice(device)}`)
        contestants.push({
          subject,
          process: own,
          implementations,
          device,
          times,
          agreements: new Map(),
          failed: false,
        })
      })
    }
    const reference = contestants.find(({ subject }) => subject === referenceSubject)
    if (reference === undefined) return { results: [], failures }

    const referenceOutputs = outputsOnDemand(reference)
    /** How long a run takes after a few. */
    const warmUps = new Map<ImplementationInfo, number>()
    for (const contestant of contestants) {
      const { subject } = contestant
      if (subject === probeSubject) continue
      if (contestant !== reference) say(`comparing the outputs of ${subject.id}`)
      contestant.failed = !(await attempt(subject, () =>
        compare(workload, contestant, reference, referenceOutputs, warmUps),
      ))
    }

    const timed = contestants.filter(({ subject }) => subject === probeSubject || subjects.includes(subject))
    /** Runs implementations of the contestants that are still in. */
    const runAll = async (
      order: readonly Contestant[],
      limits: RunLimits,
      wanted: (contestant: Contestant, info: ImplementationInfo) => boolean,
      keep: (contestant: Contestant, info: ImplementationInfo, times: readonly number[]) => void,
    ): Promise<void> => {
      for (const contestant of order) {
        const { subject, process, implementations } = contestant
        if (contestant.failed) continue
        contestant.failed = !(await attempt(subject, async () => {
          for (const info of implementations.filter((each) => each.timed && wanted(contestant, each))) {
            const own = info.probe === null ? limits : probeLimits(info.probe.unit, limits)
            keep(contestant, info, await process.ask('run', { index: info.index, ...own }))
          }
        }))
      }
    }
    say('warming up')
    await runAll(
      timed,
      effort.warmUp,
      (_, info) => !warmUps.has(info),
      (_, info, times) => warmUps.set(info, Math.min(...times)),
    )
    for (let round = 0; round < effort.rounds; round++) {
      say(`round ${round + 1} of ${effort.rounds}`)
      const inTurn = timed.filter(({ subject }) => subject !== probeSubject)
      // Each round in the other direction, so that nobody always follows the same neighbour; the probe between any two, to see the machine as they do.
      const order = round % 2 === 0 ? inTurn : inTurn.toReversed()
      const probe = timed.filter(({ subject }) => subject === probeSubject)
      await runAll(
        [...probe, ...order.flatMap((each) => [each, ...probe])],
        effort.round,
        ({ implementations }, info) => round < roundsFor(info, implementations, warmUps),
        ({ times }, info, found) => times.set(info, [...(times.get(info) ?? []), ...found]),
      )
    }
    for (const { subject, process, failed } of contestants) {
      if (!failed) await attempt(subject, async () => void (await process.ask('dispose', {})))
    }
    return { results: resultsOf(workload, timed, subjects), failures }
  } finally {
    process.off('exit', stopAll)
    stopAll()
  }
}

/** Gives the reference's outputs for an equation of a task, computed once, when somebody needs them. */
function outputsOnDemand({ process, implementations }: Contestant): ReferenceOutputs {
  const known = new Map<ImplementationInfo, Outputs>()
  return async (taskIndex, equation) => {
    const info = implementations.find((each) => each.taskIndex === taskIndex && each.equation === equation)
    if (info === undefined) return undefined
    const outputs = known.get(info) ?? (await process.ask('outputs', { index: info.index }))
    known.set(info, outputs)
    return outputs
  }
}

type ReferenceOutputs = (taskIndex: number, equation: string) => Promise<Outputs | undefined>

/** @throws E_MISMATCH for the first implementation that computes something else than the reference does */
async function compare(
  workload: Workload,
  contestant: Contestant,
  reference: Contestant,
  referenceOutputs: ReferenceOutputs,
  warmUps: Map<ImplementationInfo, number>,
): Promise<void> {
  const { subject, process, implementations, agreements } = contestant
  if (contestant === reference) return
  for (const info of implementations.filter((each) => each.probe === null)) {
    const { name: caseName, task } = workload.cases[info.taskIndex] ?? workload.cases[0]
    const which = workload.cases.length > 1 ? `${info.name}, ${caseName}` : info.name
    const who = `${subject.id} (${which})`
    const ours = await referenceOutputs(info.taskIndex, info.equation)
    if (ours === undefined) {
      const problem = `${who} states an equation that ${referenceSubject.id} does not, '${info.equation}'`
      throw new BenchError('E_MISMATCH', problem)
    }
    const start = performance.now()
    const outputs = await process.ask('outputs', { index: info.index })
    const elapsed = performance.now() - start
    if (elapsed > VERY_SLOW_MS) warmUps.set(info, elapsed)
    const [worst] = compareOutputs(task, outputs, ours)
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

/** In how many rounds an implementation is timed: in one if it is very slow, or slow while its subject has a much better one for the same task. */
function roundsFor(
  info: ImplementationInfo,
  all: readonly ImplementationInfo[],
  warmUps: ReadonlyMap<ImplementationInfo, number>,
): number {
  const own = warmUps.get(info) ?? 0
  if (own < SLOW_MS) return Infinity
  const hasBetter = all.some((each) => each.taskIndex === info.taskIndex && (warmUps.get(each) ?? own) * HOPELESS < own)
  return hasBetter ? 1 : own < VERY_SLOW_MS ? Infinity : 2
}

function resultsOf(workload: Workload, timed: readonly Contestant[], subjects: readonly Subject[]): SubjectResult[] {
  const finished = timed.filter(({ failed }) => !failed)
  const results = finished.map(({ subject, implementations, device, times, agreements }): SubjectResult => {
    const ofMachine = device === null ? implementations : []
    const memory = ofMachine.find((each) => each.probe?.unit === 'byte')
    const memoryTimes = memory && times.get(memory)
    const timedWork = device === null ? implementations : implementations.filter((each) => each.probe === null)
    const cases = casesOf(workload, timedWork, times, agreements)
    return {
      workload: workload.id,
      subject: subject.id,
      threads: subject.threads,
      cases,
      shareOfProbe: null,
      memoryGBs: memoryTimes ? gigaPerSecond(memory.probe?.work ?? 0, summarize(memoryTimes).medianMs) : null,
      device: device && deviceResult(device, workload, cases, implementations, times),
    }
  })
  const probe = results.find((each) => each.subject === probeSubject.id)
  const peak = probe && headlineOf(probe)?.gflops
  const chosen = new Set(subjects.map(({ id }) => id))
  return results
    .filter(({ subject }) => chosen.has(subject))
    .map((each) => {
      const own = headlineOf(each)?.gflops
      const unknown = peak === undefined || own === undefined || each.device !== null // the probe is the processor's
      return { ...each, shareOfProbe: unknown ? null : own / peak }
    })
}

/** What the device gives at most, by its own probes, and how much of that the headline reaches. */
function deviceResult(
  device: Device,
  workload: Workload,
  cases: readonly CaseResult[],
  implementations: readonly ImplementationInfo[],
  times: ReadonlyMap<ImplementationInfo, readonly number[]>,
): DeviceResult {
  const rateOf = (measures: Probe['measures']): number | null => {
    const probe = implementations.find((each) => each.probe?.measures === measures)
    const found = probe && times.get(probe)
    return found === undefined ? null : gigaPerSecond(probe?.probe?.work ?? 0, summarize(found).medianMs)
  }
  const peakGflops = rateOf('peak')
  const matmulGflops = rateOf('matmul')
  const copyGBs = rateOf('copy')
  const headline = headlineOf({ cases })
  const shareOf = (rate: number | null): number | null =>
    headline === undefined || rate === null ? null : headline.gflops / rate
  const task = workload.cases.at(-1)?.task
  const bytes = task && leastBytes(task)
  return {
    ...device,
    peakGflops,
    matmulGflops,
    copyGBs,
    shareOfPeak: shareOf(peakGflops),
    shareOfMatmul: shareOf(matmulGflops),
    shareOfCopy:
      headline === undefined || bytes === undefined || copyGBs === null
        ? null
        : gigaPerSecond(bytes, headline.medianMs) / copyGBs,
  }
}

function casesOf(
  workload: Workload,
  infos: readonly ImplementationInfo[],
  times: ReadonlyMap<ImplementationInfo, readonly number[]>,
  agreements: ReadonlyMap<ImplementationInfo, Agreement>,
): CaseResult[] {
  return workload.cases.flatMap(({ name, flop, tokens }, taskIndex) => {
    const [fastest, ...others] = infos
      .filter((info) => info.taskIndex === taskIndex && info.timed && info.probe?.unit !== 'byte')
      .map((info): ImplementationResult => {
        const summary = summarize(times.get(info) ?? [])
        return {
          name: info.name,
          equation: info.equation,
          agreement: agreements.get(info) ?? null,
          gflops: gigaPerSecond(info.probe?.work ?? flop, summary.medianMs),
          ...summary,
          ...(tokens !== undefined && { tokensPerSecond: (tokens / summary.medianMs) * 1000 }),
        }
      })
      .toSorted((a, b) => a.medianMs - b.medianMs)
    return fastest === undefined ? [] : [{ name, implementations: [fastest, ...others] as const }]
  })
}
