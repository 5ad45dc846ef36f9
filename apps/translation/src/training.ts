/** The training of the network: progress, a checkpoint after each epoch and on Ctrl-C, and going on from one. */

import type { TranslationDataset } from '@rnn/data'
import type { EncoderDecoder } from '@rnn/layers'
import { adam, cosineDecay, crossEntropy, Trainer, type History } from '@rnn/train'
import { AppError, problemOf } from 'app-kit/errors'
import { listenForInterruption } from 'app-kit/interruption'
import type { Output } from 'app-kit/ui/output'
import type { ProgressView } from 'app-kit/ui/progress'
import { folders } from './model-folder.ts'
import type { TrainingPlan } from './unfinished.ts'

/** What is trained, on what, and where its checkpoints go. */
export interface NetworkTraining {
  readonly model: EncoderDecoder
  readonly trainSet: TranslationDataset
  readonly validationSet: TranslationDataset | undefined
  readonly plan: TrainingPlan
  readonly folder: string
  readonly resume: boolean
  readonly output: Output
  readonly view: ProgressView
}

/**
 * Trains the model in place. After Ctrl-C the history is marked as aborted and a checkpoint lies in the folder.
 *
 * @throws E_NOT_FINITE for a loss that is no number, E_RESUME for a checkpoint that can't be gone on from, E_FILE when a checkpoint can't be written
 */
export async function trainNetwork(training: NetworkTraining): Promise<History> {
  const { model, trainSet, validationSet, plan, folder, output, view } = training
  const { settings } = plan
  const { epochs, learningRate: peak, clipNorm, labelSmoothing, seed } = settings
  const totalSteps = epochs * trainSet.batchCount
  using trainer = new Trainer(model, {
    loss: crossEntropy({ labelSmoothing }),
    optimizer: adam({ learningRate: cosineDecay({ peak, totalSteps }) }),
    clipNorm,
    seed,
  })
  if (training.resume) {
    await restore(trainer, folder)
    const { epoch, batch } = trainer.position
    output.note(
      `going on in epoch ${Math.min(epoch + 1, epochs)} of ${epochs}, after ${batch} of ${trainSet.batchCount} batches`,
    )
  }
  const interruption = listenForInterruption(() => {
    view.stop()
    output.note('interrupted: finishing the step and saving; press Ctrl-C again to quit at once')
  })
  const save = async (): Promise<void> => folders.saveUnfinished(folder, plan, await trainer.checkpoint())
  // Scheduled sampling: the share of the teacher's words goes in a straight line.
  const { teacherForcing: from, teacherForcingEnd: to } = settings
  const teach = (step: number): void => {
    model.teacherForcing = from + (to - from) * Math.min(1, step / totalSteps)
  }
  teach(trainer.position.epoch * trainSet.batchCount + trainer.position.batch)
  try {
    const history = await trainer.fit(trainSet, {
      epochs,
      validation: validationSet,
      signal: interruption.signal,
      onBatch: ({ epoch, batch, batches, loss, samplesPerSecond, secondsLeft }) => {
        const done = (epoch - 1) * batches + batch
        teach(done)
        if (interruption.signal.aborted) return
        const perSecond = (samplesPerSecond * trainSet.targetTokens) / trainSet.sampleCount
        view.batch({ epoch, epochs, done, total: totalSteps, loss, perSecond, secondsLeft })
      },
      onEpoch: async ({ epoch, loss, row, seconds }) => {
        const measured = row['validationLoss']
        const validation = measured === undefined ? undefined : `validation perplexity ${Math.exp(measured).toFixed(2)}`
        view.epoch({ epoch, epochs, loss, validation, seconds })
        output.data({ ...row, tokensPerSecond: Math.round(trainSet.targetTokens / seconds) })
        await save()
      },
    })
    if (history.aborted) await save()
    return history
  } finally {
    view.stop()
    interruption.close()
  }
}

async function restore(trainer: Pick<Trainer, 'restore'>, folder: string): Promise<void> {
  const bytes = await folders.readCheckpoint(folder)
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
