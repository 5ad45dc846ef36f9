/** What the bench measures: a subject prepares a task, in a process of its own, in one or more implementations. */

import type { Task } from '../workloads/workload.ts'

/** What one run gives, as host arrays by name, to be compared with ours. Gradients and weights in the layout of `RecurrentData`. */
export interface Outputs {
  /** `sequence [B, T, H]` of an inference; `loss` of a training step. */
  readonly values: Readonly<Record<string, Float32Array>>
  /** Gradients of a training step, by the names of `RecurrentData`. */
  readonly gradients?: Readonly<Record<string, Float32Array>>
  /** The weights after the first training step. */
  readonly updated?: Readonly<Record<string, Float32Array>>
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
}

export interface Subject {
  readonly id: string
  readonly title: string
  readonly threads: number
  /** The packages it stands on; without them it can't be measured. */
  readonly packages: readonly string[]
  /** The implementations of a task; none where the subject can't do it. Called in the subject's own process only: what it imports, the bench itself doesn't. */
  prepare(task: Task): Promise<readonly Implementation[]>
}
