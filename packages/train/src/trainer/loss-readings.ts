// The losses on their way from the device: pushed at every step, read several at a time, averaged in double precision.

import { readTensors, RnnError, type Tensor } from '@rnn/core'

/** How many losses gather before they are read together, and how long they wait at most (ms). This bounds the queue of the device. */
const GROUP = 8
const PATIENCE = 100

/** A loss that only the device knows as yet. */
export interface PendingLoss {
  /** float32 `[]`; the readings own it. */
  readonly loss: Tensor
  /** What its mean was divided by. A tensor is owned as well. */
  readonly weight: Tensor | number
  /** Both counted from 1, for messages. */
  readonly epoch: number
  readonly batch: number
}

/** The sums of an epoch's mean: Σ weight·loss and Σ weight. */
export interface LossSums {
  readonly total: number
  readonly weight: number
}

interface Group {
  readonly entries: readonly PendingLoss[]
  readonly values: Promise<readonly (readonly [loss: number, weight: number])[]>
}

/** Reads losses in the order of their steps. */
export class LossReadings {
  readonly #stopAtNotFinite: boolean
  #total = 0
  #weight = 0
  #last: number | undefined
  #pending: PendingLoss[] = []
  #reading: Group | undefined
  #readAt = 0

  constructor(stopAtNotFinite: boolean) {
    this.#stopAtNotFinite = stopAtNotFinite
  }

  /** The last loss that was read. */
  get last(): number | undefined {
    return this.#last
  }

  /** The weighted mean of all that was read; 0 where nothing counted. */
  get mean(): number {
    return this.#weight === 0 ? 0 : this.#total / this.#weight
  }

  /**
   * Where memory is at hand: looks at a loss before its update is made, so that a bad one spoils nothing. Elsewhere nobody waits for it.
   *
   * @throws E_NOT_FINITE
   */
  assertFinite({ loss, epoch, batch }: PendingLoss): void {
    if (!this.#stopAtNotFinite || loss.backend.readSync === undefined) return
    const value = loss.dataSync()[0] ?? Number.NaN
    if (Number.isFinite(value)) return
    throw notFinite(
      `the loss became ${value} in epoch ${epoch}, batch ${batch}; that step was left out, the weights are those before it`,
      'lower the learning rate',
    )
  }

  /**
   * Takes over a loss. Where memory is at hand it is read at once.
   *
   * @throws E_NOT_FINITE
   */
  push(entry: PendingLoss): void {
    if (entry.loss.backend.readSync === undefined) {
      this.#pending.push(entry)
      return
    }
    try {
      const loss = entry.loss.dataSync()[0] ?? Number.NaN
      const weight = typeof entry.weight === 'number' ? entry.weight : (entry.weight.dataSync()[0] ?? Number.NaN)
      this.#absorb(entry, loss, weight)
    } finally {
      free(entry)
    }
  }

  /**
   * Starts to read what has gathered, when it is time, and waits for the reading before that one: the device is never more than two groups behind.
   *
   * @throws E_NOT_FINITE
   */
  async advance(): Promise<void> {
    const { length } = this.#pending
    if (length === 0 || (length < GROUP && performance.now() - this.#readAt < PATIENCE)) return
    await this.#finishReading()
    this.#startReading()
  }

  /** Reads everything. @throws E_NOT_FINITE */
  async settle(): Promise<void> {
    await this.#finishReading()
    this.#startReading()
    await this.#finishReading()
  }

  /** The sums as they will be once all losses pushed until now are read; for checkpoints, in the midst of training. @throws E_NOT_FINITE */
  async capture(): Promise<LossSums> {
    const copy = new LossReadings(this.#stopAtNotFinite)
    copy.#total = this.#total
    copy.#weight = this.#weight
    const groups = [this.#reading, this.#pending.length === 0 ? undefined : startGroup(this.#pending)]
    for (const group of groups) if (group !== undefined) copy.#absorbAll(group.entries, await group.values)
    return { total: copy.#total, weight: copy.#weight }
  }

  /** Begins anew, from the sums of a checkpoint or from nothing; what wasn't read is dropped. */
  reset(sums: LossSums = { total: 0, weight: 0 }): void {
    this.#pending.forEach(free)
    this.#pending = []
    this.#reading = undefined
    this.#total = sums.total
    this.#weight = sums.weight
  }

  #startReading(): void {
    if (this.#pending.length === 0) return
    this.#readAt = performance.now()
    this.#reading = startGroup(this.#pending)
    this.#pending.forEach(free) // a read gives the values as of its call
    this.#pending = []
  }

  async #finishReading(): Promise<void> {
    const group = this.#reading
    if (group === undefined) return
    const values = await group.values
    if (this.#reading !== group) return
    this.#reading = undefined
    this.#absorbAll(group.entries, values)
  }

  #absorbAll(entries: readonly PendingLoss[], values: readonly (readonly [number, number])[]): void {
    entries.forEach((entry, i) => this.#absorb(entry, ...(values[i] ?? ([Number.NaN, 0] as const))))
  }

  #absorb(entry: PendingLoss, loss: number, weight: number): void {
    if (this.#stopAtNotFinite && !Number.isFinite(loss)) {
      throw notFinite(
        `the loss became ${loss} in epoch ${entry.epoch}, batch ${entry.batch}; that step and some after it were made, and may have spoilt the weights`,
        'go back to a checkpoint and lower the learning rate',
      )
    }
    this.#last = loss
    this.#total += loss * weight
    this.#weight += weight
  }
}

function startGroup(entries: readonly PendingLoss[]): Group {
  const tensors = entries.flatMap(({ loss, weight }) => (typeof weight === 'number' ? [loss] : [loss, weight]))
  const values = readTensors(tensors).then((arrays) => {
    let next = 0
    const scalar = (): number => arrays[next++]?.[0] ?? Number.NaN
    return entries.map(({ weight }) => [scalar(), typeof weight === 'number' ? weight : scalar()] as const)
  })
  values.catch(() => {}) // whoever awaits the group sees the error; until then it must not count as unhandled
  return { entries: [...entries], values }
}

function free({ loss, weight }: PendingLoss): void {
  loss.dispose()
  if (typeof weight !== 'number') weight.dispose()
}

/** The error of a training that has gone astray. */
export function notFinite(problem: string, first: string): RnnError {
  return new RnnError({
    code: 'E_NOT_FINITE',
    operation: 'fit',
    problem,
    fix: `${first}, clip the gradients (clipNorm), or look for extreme inputs; notFinite: 'continue' goes on all the same`,
  })
}
