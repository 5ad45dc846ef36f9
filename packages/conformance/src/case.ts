// What a case is, and what it is given when it runs.

import type { Backend, FusedName } from '@rnn/core'

/** Groups of cases, from what everything rests on upwards. */
export type Level = 'storage' | 'primitives' | 'fused' | 'gradients' | 'lifecycle' | 'layers' | 'training'

/** The levels in the order in which they run. */
export const LEVELS: readonly Level[] = [
  'storage',
  'primitives',
  'fused',
  'gradients',
  'lifecycle',
  'layers',
  'training',
]

/** An ability that a backend may lack. */
export type Requirement = 'readSync' | 'prepare'

/** One behaviour, as data. Ids are stable: reports of different versions can be compared by them. */
export interface ConformanceCase {
  /** `level/subject/variant`. */
  readonly id: string
  readonly level: Level
  /** The behaviour, as a sentence. */
  readonly title: string
  readonly requires?: readonly Requirement[]
  /** Throws when the backend does not behave so. Leaves as many live buffers as it found. */
  run(context: CaseContext): Promise<void>
}

/** What a case works with. */
export interface CaseContext {
  /** The backend under test, shared by the cases. */
  readonly backend: Backend
  /** Fused ops that the backend's author says it runs. */
  readonly declared: ReadonlySet<FusedName>
  /** Another instance, which the runner disposes of: for errors, disposal, and moves from one to another. */
  another(): Promise<Backend>
  /** Notes an error as a share of its tolerance, for the report. */
  note(ratio: number): void
}

/** Ends a case that this backend need not pass, with the reason. */
export class NotApplicable extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'NotApplicable'
  }
}

/** Cases of one level under one prefix. */
export function caseOf(
  id: string,
  title: string,
  run: (context: CaseContext) => Promise<void> | void,
  requires?: readonly Requirement[],
): ConformanceCase {
  const level = id.slice(0, id.indexOf('/'))
  if (!(LEVELS as readonly string[]).includes(level)) throw new Error(`case ${id} has no level`)
  return { id, level: level as Level, title, run: async (context) => run(context), ...(requires && { requires }) }
}
