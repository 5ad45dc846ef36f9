// The report of a run: what conformance.json holds, and the support table drawn from it.

import type { BackendInfo, FusedName } from '@rnn/core'
import { LEVELS, type Level } from './case.ts'

/** `unsupported`: the backend may lack this, and says that it does. */
export type CaseStatus = 'passed' | 'failed' | 'unsupported'

/** The outcome of one case. */
export interface CaseResult {
  readonly id: string
  readonly level: Level
  readonly status: CaseStatus
  readonly milliseconds: number
  /** Largest error as a share of its tolerance; 0 where equality was due. */
  readonly worst: number
  /** Why it failed or did not apply. */
  readonly message?: string
}

/** A whole run, as written to conformance.json. */
export interface Report {
  readonly format: 1
  readonly backend: { readonly name: string; readonly info: BackendInfo }
  readonly versions: Readonly<Record<string, string>>
  /** Fused ops that the author declared. */
  readonly declaredFused: readonly FusedName[]
  readonly counts: Readonly<Record<CaseStatus, number>>
  readonly results: readonly CaseResult[]
}

/** Puts a report together. */
export function summarise(
  backend: Report['backend'],
  declaredFused: readonly FusedName[],
  versions: Readonly<Record<string, string>>,
  results: readonly CaseResult[],
): Report {
  const count = (status: CaseStatus): number => results.filter((each) => each.status === status).length
  const counts = { passed: count('passed'), failed: count('failed'), unsupported: count('unsupported') }
  return { format: 1, backend, versions, declaredFused, counts, results: [...results] }
}

/**
 * The support table as Markdown: one row for each level and subject (`fused/lstm`), one column for each report.
 *
 * A cell says how many cases passed, and the largest error as a share of the tolerance; failures and what is not supported stand out.
 */
export function supportTable(reports: readonly Report[]): string {
  const subjects = new Map<string, Level>()
  for (const { results } of reports) for (const { id, level } of results) subjects.set(subjectOf(id), level)
  const ordered = [...subjects].sort(([, a], [, b]) => LEVELS.indexOf(a) - LEVELS.indexOf(b))
  const head = `| | ${reports.map(({ backend }) => `${backend.name} (${backend.info.device})`).join(' | ')} |`
  const rows = ordered.map(([subject]) => {
    const cells = reports.map(({ results }) => cellOf(results.filter(({ id }) => subjectOf(id) === subject)))
    return `| ${subject} | ${cells.join(' | ')} |`
  })
  return [head, `|---|${'---|'.repeat(reports.length)}`, ...rows].join('\n')
}

/** `fused/lstm/…` → `fused/lstm`. */
function subjectOf(id: string): string {
  return id.split('/').slice(0, 2).join('/')
}

function cellOf(results: readonly CaseResult[]): string {
  const of = (status: CaseStatus): number => results.filter((each) => each.status === status).length
  if (results.length === 0) return '–'
  const parts = []
  if (of('failed') > 0) parts.push(`**${of('failed')} failed**`)
  if (of('passed') > 0) {
    const worst = Math.max(...results.filter(({ status }) => status === 'passed').map((each) => each.worst))
    parts.push(`${of('passed')} passed${worst > 0 ? ` (error ≤ ${worst.toFixed(2)} of tolerance)` : ''}`)
  }
  if (of('unsupported') > 0) parts.push(`${of('unsupported')} not supported`)
  return parts.join(', ')
}
