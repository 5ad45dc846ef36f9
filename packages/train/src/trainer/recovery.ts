// Snapshots while `fit` runs, and going on from the last one when the device is lost.

import { hasCode, keep, RnnError, tensor, type Backend } from '@rnn/core'
import { readCheckpoint, takeCheckpoint } from '../checkpoint/checkpoint.ts'
import { memorySnapshots, type SnapshotStore } from '../snapshots/snapshot-store.ts'
import type { TrainingState } from './training-state.ts'

/** How `fit` outlives its device. */
export interface SnapshotOptions {
  /** Steps between two snapshots, each of one batch or window: as many are repeated at most. */
  readonly every: number
  /** Default: `memorySnapshots()`. */
  readonly store?: SnapshotStore
  /**
   * Where to go on when the device is lost (E_BACKEND_LOST): a new backend of the same kind, or another one. Training goes back to the last snapshot; on the same kind
   * of backend its result is that of a training that lost nothing, to the last bit. Default: the error ends `fit`, and `store` has the last snapshot.
   * What it throws ends `fit`.
   */
  readonly recover?: (lost: RnnError) => Backend | Promise<Backend>
}

/** The snapshots of one `fit`. */
export class Recovery<Input, Output, Targets> {
  readonly #state: TrainingState<Input, Output, Targets>
  readonly #store: SnapshotStore
  readonly #options: SnapshotOptions
  #steps = 0
  /** A snapshot on its way to the store. */
  #saving: Promise<void> = Promise.resolve()

  /** @throws E_VALUE */
  constructor(state: TrainingState<Input, Output, Targets>, options: SnapshotOptions) {
    const { every, store = memorySnapshots() } = options
    if (!(Number.isInteger(every) && every >= 1)) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'fit',
        problem: `snapshots every ${every} steps`,
        fix: 'use a whole number from 1 on',
      })
    }
    this.#state = state
    this.#store = store
    this.#options = options
  }

  /** Before the first step: there is always something to go back to. */
  async begin(): Promise<void> {
    this.#take()
    await this.#saving
  }

  /** After a step: takes a snapshot when one is due. Training goes on while it is read and written. */
  async step(): Promise<void> {
    if (++this.#steps % this.#options.every !== 0) return
    await this.#saving // one at a time, and its error is heard
    this.#take()
  }

  /** Waits for what is being written. */
  async end(): Promise<void> {
    await this.#saving
  }

  /**
   * After an error: goes back to the last snapshot on a new backend.
   *
   * @throws the error itself, unless it is a lost device and there is a way to go on
   */
  async goOn(error: unknown): Promise<void> {
    const { recover } = this.#options
    if (!(error instanceof RnnError) || !hasCode(error, 'E_BACKEND_LOST') || recover === undefined) throw error
    await this.#saving.catch((failure: unknown) => {
      // A snapshot that was on its way from the device is lost with it; the one before is there.
      if (!hasCode(failure, 'E_BACKEND_LOST')) throw failure
    })
    this.#saving = Promise.resolve()
    const bytes = await this.#store.load()
    if (bytes === undefined) throw error
    const backend = await recover(error)
    await moveWithoutValues(this.#state, backend)
    readCheckpoint(this.#state, bytes)
    this.#steps = 0
  }

  #take(): void {
    this.#saving = takeCheckpoint(this.#state).then((bytes) => this.#store.save(bytes))
    this.#saving.catch(() => {}) // heard of at the next snapshot, or at the end
  }
}

/** Brings a training to a backend when its own is gone: its tensors are made anew, with values that a checkpoint overwrites. */
async function moveWithoutValues<Input, Output, Targets>(
  state: TrainingState<Input, Output, Targets>,
  backend: Backend,
): Promise<void> {
  const { model, optimizer, totals, validationTotals, stream, validationStream, readings, validationReadings } = state
  for (const { variable } of model.variables()) {
    const { shape } = variable.spec
    variable.place(keep(tensor(new Float32Array(variable.size), { backend, shape, role: 'parameter' })))
  }
  await model.to(backend)
  optimizer.moveWithoutState(backend)
  totals.reset()
  validationTotals.reset()
  stream.reset()
  validationStream.reset()
  state.accumulation.reset()
  state.averages?.reset()
  readings.reset()
  validationReadings.reset()
  state.openSteps = 0
  state.stepping = false
}
