// The running counts of some metrics, kept on the device and read when an epoch is over.

import {
  accumulate,
  copy,
  formatShape,
  keep,
  readTensors,
  RnnError,
  sameShape,
  scope,
  tensor,
  type Backend,
  type Tensor,
} from '@rnn/core'
import type { LossContext } from '../losses/loss.ts'
import type { HostArray } from '@rnn/layers'
import { copyTo, freeAll, type PreparedMove } from '../move.ts'
import type { Metric } from './metric.ts'

/** Adds up what metrics count. It owns its tensors; `reset` frees them. */
export class MetricTotals<Outputs = Tensor, Targets = Tensor> {
  readonly metrics: readonly Metric<string, unknown, Outputs, Targets>[]
  readonly #totals = new Map<string, Tensor>()

  constructor(metrics: readonly Metric<string, unknown, Outputs, Targets>[]) {
    const names = metrics.map(({ name }) => name)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) {
      throw new RnnError({ code: 'E_VALUE', operation: 'metrics', problem: `two metrics are called '${twice}'` })
    }
    this.metrics = metrics
  }

  /** Counts one batch. */
  add(backend: Backend, outputs: Outputs, targets: Targets, context: LossContext): void {
    for (const metric of this.metrics) {
      scope(backend, () => {
        const counts = metric.count(outputs, targets, context)
        const total = this.#totals.get(metric.name)
        // A copy, as it will be written in place: what a metric gives may be a view of the outputs, or the targets themselves.
        if (total === undefined) this.#totals.set(metric.name, keep(copy(counts)))
        else if (sameShape(total.shape, counts.shape)) accumulate(total, counts)
        else {
          throw new RnnError({
            code: 'E_SHAPE',
            operation: metric.name,
            problem: `this batch has counts of shape ${formatShape(counts.shape)}, those before had ${formatShape(total.shape)}`,
            fix: 'all batches need the same classes',
          })
        }
      })
    }
  }

  /** The values so far, by name; metrics that have counted nothing are missing. */
  async values(): Promise<Record<string, unknown>> {
    const saved = await this.read()
    return Object.fromEntries(
      this.metrics.flatMap((metric) => {
        const counts = saved[metric.name]
        return counts === undefined ? [] : [[metric.name, metric.value(counts.data)] as const]
      }),
    )
  }

  /** The counts as of this call. */
  async read(): Promise<Record<string, HostArray>> {
    const entries = [...this.#totals].map(([name, { shape }]) => ({ name, shape }))
    const arrays = await readTensors([...this.#totals.values()])
    return Object.fromEntries(
      entries.map(({ name, shape }, i) => [name, { data: arrays[i] ?? new Int32Array(0), shape }]),
    )
  }

  /** Goes on from counts that were read before; those of other metrics are left out. */
  restore(backend: Backend, saved: Readonly<Record<string, HostArray>>): void {
    this.reset()
    for (const { name } of this.metrics) {
      const counts = saved[name]
      if (counts !== undefined) this.#totals.set(name, keep(tensor(counts.data, { backend, shape: counts.shape })))
    }
  }

  /** Copies everything to another backend; the result then swaps at once. */
  async prepareMove(backend: Backend): Promise<PreparedMove> {
    const moved = await copyTo(backend, this.#totals)
    return {
      cancel: () => freeAll(moved),
      swap: () => {
        this.reset()
        for (const [name, each] of moved) this.#totals.set(name, each)
      },
    }
  }

  /** Forgets all counts and frees their tensors. */
  reset(): void {
    freeAll(this.#totals)
  }
}
