/** The folder of a training, from the first step to the saved model: no checkpoint, interruption or full disk loses what was trained. */

import type { Backend } from '@rnn/core'
import type { EpochReport, History, Trainer, TrainingSet } from '@rnn/train'
import { withBackend } from './backends.ts'
import { AppError, describeError, hasCode, problemOf, Stop } from './errors.ts'
import { listenForInterruption } from './interruption.ts'
import type { ModelFolders } from './model-folder.ts'
import type { Output } from './ui/output.ts'
import { progressView } from './ui/progress.ts'

/** What a training is asked, beside the network's own settings. */
export interface TrainingRequest {
  /** As `--backend` names it. */
  readonly backend: string
  readonly folder: string
  /** Go on from the checkpoint in the folder. */
  readonly resume: boolean
  /** Forget an unfinished training that lies there. */
  readonly restart: boolean
  /** What is needed beside the checkpoint to go on: saved with each. */
  readonly plan: object
  readonly output: Output
}

/** How a program trains and tells of it. */
export interface FitRequest<Input, Targets> {
  readonly epochs: number
  readonly validation: TrainingSet<Input, Targets> | undefined
  /** What is counted in a second, and how many of them an epoch has. */
  readonly unit: { readonly name: string; readonly perEpoch: number }
  /** Before the first step and after each: how many steps of the whole training are over. */
  readonly onStep?: ((done: number) => void) | undefined
  /** What validation came to, for people: `validation accuracy 95.4 %`. */
  describeValidation(row: EpochReport['row']): string | undefined
  /** An epoch as the line of JSON that `--json` gives. */
  data(report: EpochReport): object
}

/** The folder of one training. */
export class TrainingFolder {
  readonly #folders: ModelFolders
  readonly #request: TrainingRequest

  private constructor(folders: ModelFolders, request: TrainingRequest) {
    this.#folders = folders
    this.#request = request
  }

  /**
   * Sees that a model can be saved in the folder, keeps other trainings out of it, and lets `work` train there.
   *
   * @throws E_FOLDER and E_RESUME as {@link ModelFolders.prepare}; E_NOT_FINITE and E_FILE with what to do about them: what was trained so far is not lost
   */
  static async use(
    folders: ModelFolders,
    request: TrainingRequest,
    work: (folder: TrainingFolder, backend: Backend) => Promise<void>,
  ): Promise<void> {
    const release = await folders.prepare(request.folder, request)
    const folder = new TrainingFolder(folders, request)
    try {
      await withBackend(request.backend, async (backend) => work(folder, backend))
    } catch (error) {
      throw await folder.#withAdvice(error)
    } finally {
      release()
    }
  }

  /**
   * Trains, with progress on standard error and a checkpoint after each epoch.
   *
   * @throws Stop with exit code 130 after Ctrl-C, when a checkpoint is saved; E_NOT_FINITE for a loss that is no number, E_RESUME for a checkpoint that can't be gone
   * on from, E_FILE when one can't be written
   */
  async fit<Input, Output, Targets>(
    trainer: Trainer<Input, Output, Targets>,
    trainSet: TrainingSet<Input, Targets>,
    { epochs, validation, unit, onStep, describeValidation, data }: FitRequest<Input, Targets>,
  ): Promise<History> {
    const { folder, plan, output, resume } = this.#request
    if (resume) {
      await this.#restore(trainer)
      const { epoch, batch } = trainer.position
      output.note(
        `going on in epoch ${Math.min(epoch + 1, epochs)} of ${epochs}, after ${batch} of ${trainSet.batchCount} batches`,
      )
    }
    const view = progressView({ quiet: output.json && !process.stderr.isTTY, unit: unit.name })
    const interruption = listenForInterruption(() => {
      view.stop()
      output.note('interrupted: finishing the step and saving; press Ctrl-C again to quit at once')
    })
    const save = async (): Promise<void> => this.#folders.saveUnfinished(folder, plan, await trainer.checkpoint())
    onStep?.(trainer.position.epoch * trainSet.batchCount + trainer.position.batch)
    try {
      const history = await trainer.fit(trainSet, {
        epochs,
        validation,
        signal: interruption.signal,
        onBatch({ epoch, batch, batches, loss, samplesPerSecond, secondsLeft }) {
          const done = (epoch - 1) * batches + batch
          onStep?.(done)
          if (interruption.signal.aborted) return
          const perSecond = (samplesPerSecond * unit.perEpoch) / trainSet.sampleCount
          view.batch({ epoch, epochs, done, total: epochs * batches, loss, perSecond, secondsLeft })
        },
        async onEpoch(report) {
          const { epoch, loss, row, seconds } = report
          view.epoch({ epoch, epochs, loss, validation: describeValidation(row), seconds })
          output.data(data(report))
          await save()
        },
      })
      if (!history.aborted) return history
      await save()
    } finally {
      view.stop()
      interruption.close()
    }
    output.note(`saved in ${folder}; ${this.#goOn}`)
    throw new Stop(130)
  }

  /**
   * What comes between training and the saved model: Ctrl-C quits while `measure` runs, for the checkpoint is there; saving, a moment only, is not interrupted.
   *
   * @returns what was measured
   */
  async finish<Measured>(
    measure: () => Promise<Measured>,
    save: (measured: Measured) => Promise<void>,
  ): Promise<Measured> {
    const { folder, output } = this.#request
    let saving = false
    const interruption = listenForInterruption(() => {
      if (saving) return
      output.note(`interrupted: what was trained is in ${folder}; ${this.#goOn}`)
      process.exit(130)
    })
    try {
      const measured = await measure()
      saving = true
      await save(measured)
      await this.#folders.removeUnfinished(folder)
      return measured
    } finally {
      interruption.close()
    }
  }

  get #goOn(): string {
    return `go on with: ${this.#folders.trainInto(this.#request.folder, '--resume')}`
  }

  async #restore(trainer: Pick<Trainer, 'restore'>): Promise<void> {
    const { folder } = this.#request
    const bytes = await this.#folders.readCheckpoint(folder)
    try {
      await trainer.restore(bytes)
    } catch (error) {
      throw new AppError(
        'E_RESUME',
        `the checkpoint in ${folder} can't be gone on from: ${problemOf(error)}`,
        'begin again with --restart',
        error,
      )
    }
  }

  async #withAdvice(error: unknown): Promise<unknown> {
    const { folder } = this.#request
    if (hasCode(error, 'E_NOT_FINITE')) {
      const begin = (await this.#folders.canResume(folder)) ? 'begin again with --restart and' : 'begin again with'
      const fix = `${begin} a lower --learning-rate or --clip-norm`
      return new AppError('E_NOT_FINITE', problemOf(error), fix, error)
    }
    // A full disk, say.
    if (!hasCode(error, 'E_FILE') || !(await this.#folders.canResume(folder))) return error
    return new AppError('E_FILE', describeError(error), this.#goOn, error)
  }
}
