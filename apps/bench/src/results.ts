/** What a bench found, as data: the tables, the JSON lines, the results file and the chart are drawn from it. */

import type { Agreement } from './compare.ts'
import type { Effort } from './effort.ts'
import type { Machine } from './machine.ts'
import type { Summary } from './statistics.ts'
import type { Device } from './subjects/subject.ts'
import type { Bar } from './workloads/workload.ts'

/** One implementation of one case, timed. */
export interface ImplementationResult extends Summary {
  readonly name: string
  readonly equation: string
  /** How far its outputs were from the reference's, in the array where that was most of its tolerance. Null for the reference itself. */
  readonly agreement: Agreement | null
  readonly gflops: number
  /** Target words each second, for a case that counts them. */
  readonly tokensPerSecond?: number
}

/** A case by all timed implementations of a subject, the fastest first. */
export interface CaseResult {
  readonly name: string
  readonly implementations: readonly [ImplementationResult, ...ImplementationResult[]]
}

/** The device of a subject, with what was measured of it in the same rounds. */
export interface DeviceResult extends Device {
  /** The rate of fused multiply-adds in registers, or null where it was not measured. */
  readonly peakGflops: number | null
  /** The rate of a large matrix product by our own backend, or null where it was not measured. */
  readonly matmulGflops: number | null
  /** Bytes read and written by a large copy, or null where it was not measured. */
  readonly copyGBs: number | null
  /** Headline GFLOP/s over the multiply-adds'. */
  readonly shareOfPeak: number | null
  /** Headline GFLOP/s over the matrix product's. */
  readonly shareOfMatmul: number | null
  /** The bytes that the headline's task has to move at least, each second, over the copy's; null for a task whose bytes are not counted. */
  readonly shareOfCopy: number | null
}

/** A subject on a workload. The last case's fastest implementation is the headline. */
export interface SubjectResult {
  readonly workload: string
  readonly subject: string
  readonly threads: number
  readonly cases: readonly CaseResult[]
  /** Headline GFLOP/s over the probe's, which is that of one thread, in the same rounds; null if the probe failed. */
  readonly shareOfProbe: number | null
  /** For the probe: how fast it reads memory. */
  readonly memoryGBs: number | null
  /** Null for a subject that computes on the processor. */
  readonly device: DeviceResult | null
}

/** What did not work. */
export interface FailureNote {
  /** Null where it concerns all of them. */
  readonly workload: string | null
  readonly subject: string
  readonly reason: string
}

/** A bar with what was measured; null where a subject that it names was not run. */
export interface BarResult {
  readonly workload: string
  readonly bar: Bar
  readonly measured: number | null
  readonly met: boolean | null
  /** For a comparison: the one that counted. */
  readonly against: string | null
}

export interface BenchResults {
  readonly date: string
  readonly command: string
  readonly machine: Machine
  /** The load when the bench started. */
  readonly loadBefore: number
  readonly effort: Effort
  readonly subjects: readonly SubjectResult[]
  readonly bars: readonly BarResult[]
  readonly failures: readonly FailureNote[]
}

/** The device in words, and what its times are worth. */
export function describeDevice({ name, software }: Device): string {
  return software ? `${name}, imitated in software: its times say nothing about speed` : name
}

/** The headline of a subject's result. */
export function headlineOf({ cases }: Pick<SubjectResult, 'cases'>): ImplementationResult | undefined {
  return cases.at(-1)?.implementations[0]
}

/** A bar in words. */
export function describeBar(bar: Bar): string {
  switch (bar.kind) {
    case 'faster': {
      const than = bar.than.length > 1 ? `the faster of ${bar.than.join(' and ')}` : bar.than.join()
      return `${bar.subject} at least ${bar.atLeast}× as fast as ${than}`
    }
    case 'share':
      return `${bar.subject} at least ${bar.atLeast} of the probe`
    case 'growth':
      return `${bar.subject} at ${bar.to} at most ${Number(bar.atMost.toPrecision(3))}× its time at ${bar.from}`
  }
}

/** Holds a bar against the results of its workload. Of several peers, those that were run count. */
export function judge(workload: string, bar: Bar, results: readonly SubjectResult[]): BarResult {
  const find = (id: string): SubjectResult | undefined =>
    results.find((each) => each.workload === workload && each.subject === id)
  const subject = find(bar.subject)
  const headline = subject && headlineOf(subject)
  switch (bar.kind) {
    case 'faster': {
      const [fastest] = bar.than
        .map((id) => ({ id, result: headlineOfMaybe(find(id)) }))
        .filter(({ result }) => result !== undefined)
        .toSorted((a, b) => (a.result?.medianMs ?? 0) - (b.result?.medianMs ?? 0))
      const measured = ratio(headline, fastest?.result)
      return {
        workload,
        bar,
        measured,
        met: met(measured, (value) => value >= bar.atLeast),
        against: fastest?.id ?? null,
      }
    }
    case 'share': {
      const measured = subject?.shareOfProbe ?? null
      return { workload, bar, measured, met: met(measured, (value) => value >= bar.atLeast), against: null }
    }
    case 'growth': {
      const at = (name: string): Summary | undefined =>
        subject?.cases.find((each) => each.name === name)?.implementations[0]
      const measured = ratio(at(bar.from), at(bar.to))
      return { workload, bar, measured, met: met(measured, (value) => value <= bar.atMost), against: null }
    }
  }
}

function met(measured: number | null, holds: (value: number) => boolean): boolean | null {
  return measured === null ? null : holds(measured)
}

function headlineOfMaybe(result: SubjectResult | undefined): Summary | undefined {
  return result && headlineOf(result)
}

/** How many times the median of `one` fits into that of `other`. */
function ratio(one: Summary | undefined, other: Summary | undefined): number | null {
  return one === undefined || other === undefined ? null : other.medianMs / one.medianMs
}
