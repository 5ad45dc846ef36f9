/** A whole training, from files to a saved model: what `train` and `demo` share. */

import type { Backend } from '@rnn/core'
import { accuracy, evaluate, type History } from '@rnn/train'
import { describeBackend } from 'app-kit/backends'
import { AppError } from 'app-kit/errors'
import { TrainingFolder } from 'app-kit/training-folder'
import type { Output } from 'app-kit/ui/output'
import { trainBaseline } from './baseline.ts'
import type { Classifier } from './classifier.ts'
import { dataDigest, loadData, similarLabels, type DataSources, type TrainingData } from './data-sources.ts'
import { textClassifier } from './model.ts'
import { folders, saveClassifier } from './model-folder.ts'
import type { Settings } from './settings.ts'
import { encode, encoderOf, type TextEncoder } from './text-encoder.ts'
import { trainNetwork, type TextSets } from './training.ts'
import type { TrainingPlan } from './unfinished.ts'

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
 * `Stop` with exit code 130.
 */
export async function trainAndSave(request: RunRequest, use: (run: TrainedRun) => Promise<void>): Promise<void> {
  const { settings, output } = request
  const data = await loadData(request.sources, settings.seed)
  const plan = planOf(request, data)
  const encoder = encoderOf(data.train, settings.minFrequency)
  const sets = encodeAll(encoder, data, settings)
  for (const [one, other] of similarLabels(data.train.labels)) {
    output.note(`note: the labels ${JSON.stringify(one)} and ${JSON.stringify(other)} are learnt as different ones`)
  }
  const { resume, ...asked } = request
  await TrainingFolder.use(folders, { ...asked, plan, resume: resume !== undefined }, (folder, backend) =>
    trainOn(backend, folder, request, { data, encoder, sets }, use),
  )
}

/** What is ready before a training begins. */
interface Preparation {
  readonly data: TrainingData
  readonly encoder: TextEncoder
  readonly sets: TextSets
}

async function trainOn(
  backend: Backend,
  trainingFolder: TrainingFolder,
  request: RunRequest,
  { data, encoder, sets }: Preparation,
  use: (run: TrainedRun) => Promise<void>,
): Promise<void> {
  const { settings, folder, output } = request
  const model = textClassifier(settings, encoder.vocabulary.size, encoder.labels.size)
  await model.init(backend, { seed: settings.seed })
  describeTraining(output, data, encoder, settings, model.parameterCount, backend)
  const history = await trainNetwork(model, sets, settings, trainingFolder)
  const classifier = { settings, encoder, model }
  const metrics = await trainingFolder.finish(
    async () => measure(backend, request, classifier, history, data, sets),
    async (measured) => saveClassifier(folder, classifier, history, measured),
  )
  await use({ classifier, data, metrics })
}

async function measure(
  backend: Backend,
  { settings, folder, baseline }: RunRequest,
  { encoder, model }: Classifier,
  history: History,
  data: TrainingData,
  sets: TextSets,
): Promise<RunMetrics> {
  const testAccuracy = sets.test && (await evaluate(model, sets.test, { metrics: [accuracy()] })).metrics.accuracy
  const measured = sets.test ?? sets.validation
  const baselineAccuracy =
    baseline && measured
      ? await trainBaseline(backend, sets.train, measured, {
          vocabularySize: encoder.vocabulary.size,
          classes: encoder.labels.size,
          seed: settings.seed,
        })
      : undefined
  return {
    testAccuracy: testAccuracy ?? null,
    baselineAccuracy: baselineAccuracy ?? null,
    validationAccuracy: history.rows.at(-1)?.['validationAccuracy'] ?? null,
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
function encodeAll(
  encoder: TextEncoder,
  { train, validation, test }: TrainingData,
  { batchSize, seed }: Settings,
): TextSets {
  return {
    train: encode(encoder, train, { batchSize, seed }),
    validation: validation && encode(encoder, validation, { batchSize: 64 }),
    test: test && encode(encoder, test, { batchSize: 64 }),
  }
}

function describeTraining(
  output: Output,
  { train }: TrainingData,
  encoder: TextEncoder,
  { cell, units, epochs }: Settings,
  parameters: number,
  backend: Backend,
): void {
  const [texts, words, numbers] = [train.texts.length, encoder.vocabulary.size, parameters].map((n) =>
    n.toLocaleString('en'),
  )
  output.note(`${texts} texts of ${train.file ?? 'the data'}: ${encoder.labels.size} labels, ${words} words`)
  const times = epochs === 1 ? '1 epoch' : `${epochs} epochs`
  output.note(`${cell} of 2 × ${units} units: ${numbers} parameters, ${times} on ${describeBackend(backend)}`)
}
