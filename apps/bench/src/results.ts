/** What a bench found, as data: the tables, the JSON lines, the results file and the chart are drawn from it. */

import type { Effort } from './bench.ts'
import type { Agreement } from './compare.ts'
import type { Machine } from './machine.ts'
import type { Summary } from './statistics.ts'
import type { Bar } from './workloads/workload.ts'

/** One implementation of one case, timed. */
export interface ImplementationResult extends Summary {
  readonly name: string
  readonly equation: string
  /** How far its outputs were from the reference's, in the array where that was most of its tolerance. Null for the reference itself. */
  readonly agreement: Agreement | null
  readonly gflops: number
}

/** A case by all timed implementations of a subject, the fastest first. */
export interface CaseResult {
  readonly name: string
  readonly implementations: readonly [ImplementationResult, ...ImplementationResult[]]
}

/** A subject on a workload. The last case's fastest implementation is the headline. */
export interface SubjectResult {
  readonly workload: string
  readonly subject: string
  readonly threads: number
  readonly cases: readonly CaseResult[]
  /** Headline GFLOP/s over the machine's measured peak; null without a probe. */
  readonly shareOfProbe: number | null
}

/** A bar with what was measured; null where a subject that it names was not run. */
export interface BarResult {
  readonly workload: string
  readonly bar: Bar
  readonly measured: number | null
  readonly met: boolean | null
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
}

/** The headline of a subject's result. */
export function headlineOf({ cases }: SubjectResult): ImplementationResult | undefined {
  return cases.at(-1)?.implementations[0]
}

/** A bar in words. */
export function describeBar(bar: Bar): string {
  return bar.kind === 'faster'
    ? `${bar.subject} at least ${bar.atLeast}× as fast as ${bar.than}`
    : `${bar.subject} at ${bar.to} at most ${bar.atMost}× its time at ${bar.from}`
}

/** Holds a bar against the results of its workload. */
export function judge(workload: string, bar: Bar, results: readonly SubjectResult[]): BarResult {
  const find = (id: string): SubjectResult | undefined =>
    results.find((each) => each.workload === workload && each.subject === id)
  const subject = find(bar.subject)
  if (bar.kind === 'faster') {
    const measured = ratio(subject && headlineOf(subject), headlineOfMaybe(find(bar.than)))
    return { workload, bar, measured, met: measured === null ? null : measured >= bar.atLeast }
  }
  const at = (name: string): Summary | undefined =>
    subject?.cases.find((each) => each.name === name)?.implementations[0]
  const measured = ratio(at(bar.from), at(bar.to))
  return { workload, bar, measured, met: measured === null ? null : measured <= bar.atMost }
}

function headlineOfMaybe(result: SubjectResult | undefined): Summary | undefined {
  return result && headlineOf(result)
}

/** How many times the median of `one` fits into that of `other`. */
function ratio(one: Summary | undefined, other: Summary | undefined): number | null {
  return one === undefined || other === undefined ? null : other.medianMs / one.medianMs
}
