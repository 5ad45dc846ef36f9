/** A whole training, from files to a saved model: what `train` and `demo` share. */

import type { Backend } from '@rnn/core'
import { accuracy, evaluate, type History } from '@rnn/train'
import { withBackend } from './backends.ts'
import { trainBaseline } from './baseline.ts'
import type { Classifier } from './classifier.ts'
import { dataDigest, loadData, type DataSources, type TrainingData } from './data-sources.ts'
import { AppError, Stop } from './errors.ts'
import { textClassifier } from './model.ts'
import { prepareFolder, saveClassifier } from './model-folder.ts'
import type { Settings } from './settings.ts'
import { encode, encoderOf, type TextEncoder } from './text-encoder.ts'
import { trainNetwork } from './training.ts'
import type { Output } from './ui/output.ts'
import { progressView } from './ui/progress.ts'
import { removeUnfinished, type TrainingPlan } from './unfinished.ts'

/** What to train and where to save it. */
export interface RunRequest {
  readonly sources: DataSources
  readonly settings: Settings
  readonly backend: string
  readonly folder: string
  /** The plan of the unfinished training to go on with. */
  readonly resume: TrainingPlan | undefined
  /** Forget an unfinished training that lies in the folder. */
  readonly restart: boolean
  /** Train a bag of words beside it. */
  readonly baseline: boolean
  readonly output: Output
}

/** What a training came to: the last JSON line of `train`, and `metrics.json` in the model's folder. Null: nothing to measure by. */
export interface RunMetrics {
  readonly testAccuracy: number | null
  readonly baselineAccuracy: number | null
  readonly validationAccuracy: number | null
  /** Of training steps, without validation, baseline, reading and saving. */
  readonly trainSeconds: number
  readonly backend: string
  readonly cell: string
  readonly seed: number
  readonly epochs: number
  readonly parameters: number
  readonly vocabulary: number
  readonly labels: readonly string[]
  readonly trainTexts: number
  readonly testTexts: number
  readonly folder: string
}

/** A trained classifier whose model lives until `use` returns. */
export interface TrainedRun {
  readonly classifier: Classifier
  readonly data: TrainingData
  readonly metrics: RunMetrics
}

/**
 * Checks everything that can be checked, trains, measures and saves; then lets `use` have the result. After Ctrl-C it saves, says so and throws
 * {@link Stop} with exit code 130.
 */
export async function trainAndSave(request: RunRequest, use: (run: TrainedRun) => Promise<void>): Promise<void> {
  const { settings, folder, output } = request
  const data = await loadData(request.sources, settings.seed)
  const plan = planOf(request, data)
  const encoder = encoderOf(data.train, settings.minFrequency)
  const sets = encodeAll(encoder, data, settings)
  await prepareFolder(folder, { resume: request.resume !== undefined, restart: request.restart })
  await withBackend(request.backend, async (backend) => {
    const model = textClassifier(settings, encoder.vocabulary.size, encoder.labels.size)
    await model.init(backend, { seed: settings.seed })
    output.note(describeTraining(data, encoder, settings, model.parameterCount, backend))
    const resume = request.resume !== undefined
    const view = progressView('training', { quiet: output.json && !process.stderr.isTTY })
    const history = await trainNetwork({
      model,
      trainSet: sets.train,
      validationSet: sets.validation,
      plan,
      folder,
      resume,
      output,
      view,
    })
    if (history.aborted) {
      output.note(`saved in ${folder}; go on with: pnpm --silent text-classification train --resume --out ${folder}`)
      throw new Stop(130)
    }
    const testAccuracy = sets.test && (await evaluate(model, sets.test, { metrics: [accuracy()] })).metrics.accuracy
    const measured = sets.test ?? sets.validation
    const baselineAccuracy =
      request.baseline && measured
        ? await trainBaseline(backend, sets.train, measured, {
            vocabularySize: encoder.vocabulary.size,
            classes: encoder.labels.size,
            seed: settings.seed,
          })
        : undefined
    const metrics: RunMetrics = {
      testAccuracy: testAccuracy ?? null,
      baselineAccuracy: baselineAccuracy ?? null,
      validationAccuracy: lastOf(history, 'validationAccuracy'),
      trainSeconds: history.column('seconds').reduce((sum, seconds) => sum + seconds, 0),
      backend: backend.name,
      cell: settings.cell,
      seed: settings.seed,
      epochs: history.rows.length,
      parameters: model.parameterCount,
      vocabulary: encoder.vocabulary.size,
      labels: encoder.labels.labels,
      trainTexts: data.train.texts.length,
      testTexts: data.test?.texts.length ?? 0,
      folder,
    }
    const classifier = { settings, encoder, model }
    await saveClassifier(folder, classifier, history, metrics)
    await removeUnfinished(folder)
    await use({ classifier, data, metrics })
  })
}

/** The plan to save with checkpoints. @throws E_RESUME when the training that is gone on with had other texts */
function planOf(request: RunRequest, data: TrainingData): TrainingPlan {
  const { settings, sources, backend, baseline, resume, folder } = request
  const digest = dataDigest(data)
  if (resume !== undefined && resume.dataDigest !== digest) {
    throw new AppError(
      'E_RESUME',
      `the texts of ${data.train.file ?? 'the training data'} are not those that the training in ${folder} began with`,
      'bring them back, or begin again with --restart',
    )
  }
  return { settings, sources, backend, baseline, dataDigest: digest }
}

/** All texts as batches; an unknown label or a text of no words in any file is found here, before training. */
function encodeAll(encoder: TextEncoder, { train, validation, test }: TrainingData, { batchSize, seed }: Settings) {
  return {
    train: encode(encoder, train, { batchSize, seed }),
    validation: validation && encode(encoder, validation, { batchSize: 64 }),
    test: test && encode(encoder, test, { batchSize: 64 }),
  }
}

function describeTraining(
  data: TrainingData,
  encoder: TextEncoder,
  { cell, units, epochs }: Settings,
  parameters: number,
  backend: Backend,
): string {
  const texts = data.train.texts.length.toLocaleString('en')
  const words = encoder.vocabulary.size.toLocaleString('en')
  return (
    `${texts} texts of ${data.train.file ?? 'the data'}, ${encoder.labels.size} labels, ${words} words; ` +
    `${cell} of 2 × ${units} units, ${parameters.toLocaleString('en')} parameters, ${epochs} epochs on ${backend.name}`
  )
}

function lastOf(history: History, column: string): number | null {
  return history.rows.at(-1)?.[column] ?? null
}
