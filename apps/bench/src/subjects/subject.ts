/** What the bench measures: a subject prepares a task, in a process of its own, in one or more implementations. */

import type { Task } from '../workloads/workload.ts'

/** What one run gives, as host arrays by name, to be compared with ours. Gradients and weights in the layout of `RecurrentData` and `TextData`. */
export interface Outputs {
  /** `sequence [B, T, H]` of an inference or of the first steps of a stream; `loss` of a training step. */
  readonly values: Readonly<Record<string, Float32Array>>
  /** Gradients of a training step, by the names of the task's data. */
  readonly gradients?: Readonly<Record<string, Float32Array>>
  /** The weights after the first training step. */
  readonly updated?: Readonly<Record<string, Float32Array>>
}

/** How long and how often to run. */
export interface RunLimits {
  /** Run for at least so long … */
  readonly minimumMs: number
  /** … and so often … */
  readonly minimumRuns: number
  /** … but once there is a timing, begin no other after this long. */
  readonly maximumMs: number
}

/** One way in which a subject does a task. */
export interface Implementation {
  readonly name: string
  /** Implementations that state the same equation must give the same outputs. */
  readonly equation: string
  /** False for one that only serves to check others. */
  readonly timed: boolean
  /** What the first run gives. Called once, before any `run`. */
  outputs(): Promise<Outputs>
  /** One run, which ends when its result (the sequence; the loss) is in host memory. */
  run(): Promise<void> | void
  /** Many runs with one wait after the last, for a task whose result stays where it is. The timer then calls this instead of `run`. */
  repeat?(times: number): Promise<void>
  /** For a subject outside this process, which times itself: milliseconds of each run, by the rules of `time-runs.ts`. `run` is then not called. */
  timeRuns?(limits: RunLimits): Promise<readonly number[]>
}

/** A measurement of the machine, which states no equation and is not compared. */
export interface Probe {
  readonly name: string
  /** What its rate is: of multiply-adds in registers, of a product of large matrices, of copying, or of reading memory. */
  readonly measures: 'peak' | 'matmul' | 'copy' | 'read'
  /** Floating-point operations, or bytes moved, of one run. */
  readonly work: number
  readonly unit: 'flop' | 'byte'
  run(): Promise<void> | void
  /** As for an implementation. */
  timeRuns?(limits: RunLimits): Promise<readonly number[]>
}

/** What a subject computes on, where that is not the processor. */
export interface Device {
  /** As it names itself. */
  readonly name: string
  /** Imitated by the processor: the times say nothing about the speed of the subject. */
  readonly software: boolean
}

/** A task on a device, with what the device gives at most. */
export interface OnDevice {
  readonly device: Device
  readonly implementations: readonly Implementation[]
  /** Of the device itself. Measured for the first task only. */
  readonly probes: readonly Probe[]
  /** Called after the last run. */
  dispose(): Promise<void>
}

/** What a subject can do for a task. */
export type Preparation =
  | readonly Implementation[]
  | { readonly cannot: string }
  | OnDevice
  | { readonly probes: readonly Probe[] }

export interface Subject {
  readonly id: string
  readonly title: string
  readonly threads: number
  /** What it stands on and is not there, in words, with what to do about it; undefined when nothing is missing. Called by the bench itself. */
  missing(): Missing | undefined
  /** Why a bench in which nobody named this subject leaves the task out; undefined if it doesn't. */
  leavesOut?(task: Task, flop: number): string | undefined
  /** Its implementations of a task, or why it can't do it. Called in the subject's own process only: what it imports, the bench itself doesn't. */
  prepare(task: Task): Promise<Preparation>
}

/** Something that has to be installed before a subject can be measured. */
export interface Missing {
  readonly what: string
  readonly fix: string
  /** The folder of `apps/bench/peers` that holds it: the bench can install it by itself. */
  readonly peer?: string
}
