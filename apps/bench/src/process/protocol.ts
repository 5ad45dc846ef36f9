/** What the bench and a subject's process say to each other. One request at a time; every request has one reply. */

import type { Outputs } from '../subjects/subject.ts'
import type { Task } from '../workloads/workload.ts'

/** An implementation as the bench knows it: `index` names it in later requests. */
export interface ImplementationInfo {
  readonly index: number
  /** Which of the tasks it does. */
  readonly taskIndex: number
  readonly name: string
  readonly equation: string
  readonly timed: boolean
}

/** Requests and their replies, by type. */
export interface Exchanges {
  /** First of all, once: load the subject and prepare the tasks. */
  prepare: {
    request: { readonly subject: string; readonly tasks: readonly Task[] }
    reply: readonly ImplementationInfo[]
  }
  outputs: { request: { readonly index: number }; reply: Outputs }
  /** Run for at least so long and so often; at least once. Replies with the time of each run in milliseconds. */
  run: {
    request: { readonly index: number; readonly minimumMs: number; readonly minimumRuns: number }
    reply: readonly number[]
  }
}

export type RequestType = keyof Exchanges

/** A request on its way. */
export type Request = { [Type in RequestType]: { readonly type: Type } & Exchanges[Type]['request'] }[RequestType]

/** Its reply: what was asked for, or what went wrong. */
export type Reply = { readonly value: unknown } | { readonly error: string }
