/** What the bench and a subject's process say to each other. One request at a time; every request has one reply. */

import type { Device, Outputs, Probe, RunLimits } from '../subjects/subject.ts'
import type { Task } from '../workloads/workload.ts'

/** An implementation as the bench knows it: `index` names it in later requests. */
export interface ImplementationInfo {
  readonly index: number
  /** Which of the tasks it does. */
  readonly taskIndex: number
  readonly name: string
  readonly equation: string
  readonly timed: boolean
  /** For a probe, which has no outputs: what one run of it does. */
  readonly probe: Pick<Probe, 'measures' | 'work' | 'unit'> | null
}

/** What a subject can do for the tasks. */
export interface PreparedSubject {
  readonly implementations: readonly ImplementationInfo[]
  /** Why it can't do a task, or the first of them. */
  readonly cannot: string | null
  /** What it computes on, where that is not the processor. */
  readonly device: Device | null
}

/** Requests and their replies, by type. */
export interface Exchanges {
  /** First of all, once: load the subject and prepare the tasks. */
  prepare: {
    request: { readonly subject: string; readonly tasks: readonly Task[] }
    reply: PreparedSubject
  }
  outputs: { request: { readonly index: number }; reply: Outputs }
  /** Replies with the time of each run in milliseconds; there is at least one. */
  run: { request: { readonly index: number } & RunLimits; reply: readonly number[] }
  /** Last of all: give back what was taken. */
  dispose: { request: Readonly<Record<never, never>>; reply: null }
}

export type RequestType = keyof Exchanges

/** A request on its way. */
export type Request = { [Type in RequestType]: { readonly type: Type } & Exchanges[Type]['request'] }[RequestType]

/** Its reply: what was asked for, or what went wrong. */
export type Reply = { readonly value: unknown } | { readonly error: string }
