// The running counts of some metrics, kept on the device and read when an epoch is over.

import {
  accumulate,
  concat,
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
  /** Of metrics that append: what is not joined to the total yet, each at least twice as long as the next, so that joining costs n·log n. */
  readonly #pieces = new Map<string, Tensor[]>()

  constructor(metrics: readonly Metric<string, unknown, Outputs, Targets>[]) {
    checkNames(metrics.map(({ name }) => name))
    this.metrics = metrics
  }

  /** Counts one batch. */
  add(backend: Backend, outputs: Outputs, targets: Targets, context: LossContext): void {
    for (const metric of this.metrics) {
      scope(backend, () => {
        const counts = metric.count(outputs, targets, context)
        const append = metric.combine === 'append'
        const total = append ? this.#pieces.get(metric.name)?.[0] : this.#totals.get(metric.name)
        if (total !== undefined) checkAlike(metric.name, counts, total, append)
        // A copy, as it will be written in place: what a metric gives may be a view of the outputs, or the targets themselves.
        if (append) this.#append(metric.name, keep(copy(counts)))
        else if (total === undefined) this.#totals.set(metric.name, keep(copy(counts)))
        else accumulate(total, counts)
      })
    }
  }

  #append(name: string, counts: Tensor): void {
    const pieces = this.#pieces.get(name) ?? []
    if (pieces.length === 0) this.#pieces.set(name, pieces)
    pieces.push(counts)
    for (;;) {
      const [left, right] = pieces.slice(-2)
      if (left === undefined || right === undefined || left.size >= 2 * right.size) return
      pieces.splice(-2, 2, joined([left, right]))
    }
  }

  /** Everything counted, one tensor for each metric. */
  #whole(): Map<string, Tensor> {
    for (const pieces of this.#pieces.values()) {
      if (pieces.length > 1) pieces.splice(0, pieces.length, joined(pieces))
    }
    const appended = [...this.#pieces].flatMap(([name, [whole]]) =>
      whole === undefined ? [] : [[name, whole] as const],
    )
    return new Map([...this.#totals, ...appended])
  }

  /** The values so far, by name; metrics that have counted nothing are missing. */
  async values(): Promise<Record<string, unknown>> {
    const saved = await this.read()
    return Object.fromEntries(
      this.metrics.flatMap((metric) => {
        const counts = saved[metric.name]
        return counts === undefined ? [] : [[metric.name, metric.value(counts.data, counts.shape)] as const]
      }),
    )
  }

  /** The counts as of this call. */
  async read(): Promise<Record<string, HostArray>> {
    const whole = this.#whole()
    const entries = [...whole].map(([name, { shape }]) => ({ name, shape }))
    const arrays = await readTensors([...whole.values()])
    return Object.fromEntries(
      entries.map(({ name, shape }, i) => [name, { data: arrays[i] ?? new Int32Array(0), shape }]),
    )
  }

  /** Goes on from counts that were read before; those of other metrics are left out. */
  restore(backend: Backend, saved: Readonly<Record<string, HostArray>>): void {
    this.reset()
    for (const { name } of this.metrics) {
      const counts = saved[name]
      if (counts !== undefined) this.#put(name, keep(tensor(counts.data, { backend, shape: counts.shape })))
    }
  }

  #put(name: string, total: Tensor): void {
    const { combine } = this.metrics.find((metric) => metric.name === name) ?? {}
    if (combine === 'append') this.#pieces.set(name, [total])
    else this.#totals.set(name, total)
  }

  /** Copies everything to another backend; the result then swaps at once. */
  async prepareMove(backend: Backend): Promise<PreparedMove> {
    const moved = await copyTo(backend, this.#whole())
    return {
      cancel: () => freeAll(moved),
      swap: () => {
        this.reset()
        for (const [name, each] of moved) this.#put(name, each)
      },
    }
  }

  /** Forgets all counts and frees their tensors. */
  reset(): void {
    freeAll(this.#totals)
    for (const pieces of this.#pieces.values()) for (const each of pieces) each.dispose()
    this.#pieces.clear()
  }
}

/** The columns that a history has without metrics, and `Loss`, which would be `validationLoss` of a validation. */
const RESERVED = ['epoch', 'loss', 'Loss', 'learningRate', 'seconds']

/** Each metric has a column of the history for itself, and one for its values of validation. @throws E_VALUE */
function checkNames(names: readonly string[]): void {
  const operation = 'metrics'
  const taken = names.find((name) => RESERVED.includes(name) || name.startsWith('validation'))
  if (taken !== undefined) {
    const problem = `a metric is called '${taken}', which is a column of the history`
    const fix = `give it a name other than ${RESERVED.join(', ')} and validation…`
    throw new RnnError({ code: 'E_VALUE', operation, problem, fix })
  }
  const columns = names.map((name) => name.slice(0, 1).toUpperCase() + name.slice(1))
  const twice = names.find((_, i) => columns.indexOf(columns[i] ?? '') !== i)
  if (twice === undefined) return
  throw new RnnError({ code: 'E_VALUE', operation, problem: `two metrics are called '${twice}'` })
}

/** Tensors one behind the other, in the place of which the result comes. */
function joined(pieces: readonly Tensor[]): Tensor {
  const whole = keep(concat(pieces, 0))
  for (const each of pieces) each.dispose()
  return whole
}

/** @throws E_SHAPE for counts that don't go with those before */
function checkAlike(operation: string, counts: Tensor, before: Tensor, append: boolean): void {
  const from = append ? 1 : 0
  if (counts.rank === before.rank && sameShape(counts.shape.slice(from), before.shape.slice(from))) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation,
    problem: `this batch has counts of shape ${formatShape(counts.shape)}, those before had ${formatShape(before.shape)}`,
    fix: 'all batches need the same classes',
  })
}
