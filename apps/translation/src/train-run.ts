/** A whole training, from files to a saved model: what `train` and `demo` share. */

import type { Backend } from '@rnn/core'
import { translationDataset, type TranslationDataset } from '@rnn/data'
import type { EncoderDecoder } from '@rnn/layers'
import type { History } from '@rnn/train'
import { describeBackend } from 'app-kit/backends'
import { AppError } from 'app-kit/errors'
import { TrainingFolder } from 'app-kit/training-folder'
import type { Output } from 'app-kit/ui/output'
import { learnCodecs, type Codecs } from './codecs.ts'
import { dataDigest, loadData, type DataSources, type Pairs, type TrainingData } from './data-sources.ts'
import { directionOf, type Languages } from './languages.ts'
import { startFromFrequencies, translationModel } from './model.ts'
import { folders, saveTranslator } from './model-folder.ts'
import type { Settings } from './settings.ts'
import { trainNetwork, type PairSets } from './training.ts'
import type { Translator } from './translator.ts'
import type { TrainingPlan } from './unfinished.ts'

/** What to train and where to save it. */
export interface RunRequest {
  readonly sources: DataSources
  readonly settings: Settings
  readonly languages: Languages
  readonly backend: string
  readonly folder: string
  /** The plan of the unfinished training to go on with. */
  readonly resume: TrainingPlan | undefined
  /** Forget an unfinished training that lies in the folder. */
  readonly restart: boolean
  readonly output: Output
}

/** What a training came to: the last JSON line of `train`, and `metrics.json` in the model's folder. Null: nothing to measure by. */
export interface RunMetrics {
  readonly validationLoss: number | null
  readonly validationPerplexity: number | null
  /** Of training steps, without validation, reading and saving. */
  readonly trainSeconds: number
  /** Target tokens, ends included. */
  readonly tokensPerSecond: number
  readonly backend: string
  readonly direction: string
  readonly seed: number
  readonly epochs: number
  readonly parameters: number
  readonly sourceVocabulary: number
  readonly targetVocabulary: number
  readonly trainPairs: number
  readonly folder: string
}

/** A trained translator whose model lives until `use` returns. */
export interface TrainedRun {
  readonly translator: Translator
  readonly metrics: RunMetrics
}

/**
 * Checks everything that can be checked, trains and saves; then lets `use` have the result. After Ctrl-C it saves, says so and throws
 * `Stop` with exit code 130.
 */
export async function trainAndSave(request: RunRequest, use: (run: TrainedRun) => Promise<void>): Promise<void> {
  const { settings, output } = request
  const data = await loadData(request.sources, settings.seed)
  for (const warning of data.warnings) output.note(`warning: ${warning}`)
  const plan = planOf(request, data)
  const codecs = learnCodecs(data.train, settings)
  const sets = encodeAll(codecs, data, settings, output)
  const { resume, ...asked } = request
  await TrainingFolder.use(folders, { ...asked, plan, resume: resume !== undefined }, (folder, backend) =>
    trainOn(backend, folder, request, { data, codecs, sets }, use),
  )
}

/** What is ready before a training begins. */
interface Preparation {
  readonly data: TrainingData
  readonly codecs: Codecs
  readonly sets: PairSets
}

async function trainOn(
  backend: Backend,
  trainingFolder: TrainingFolder,
  { settings, languages, folder, output }: RunRequest,
  { data, codecs, sets }: Preparation,
  use: (run: TrainedRun) => Promise<void>,
): Promise<void> {
  const model = translationModel(settings, codecs.source.size, codecs.target.size)
  await model.init(backend, { seed: settings.seed })
  const { target } = codecs
  startFromFrequencies(model, targetsOf(data.train, target), target)
  describeTraining(output, data, codecs, settings, model, backend)
  const history = await trainNetwork(model, sets, settings, trainingFolder)
  const translator = { settings, languages, codecs, model }
  const metrics = metricsOf({ ...translator, folder, backend, history, trainSet: sets.train })
  await trainingFolder.finish(
    async () => metrics,
    async () => saveTranslator(folder, translator, history, metrics),
  )
  await use({ translator, metrics })
}

function* targetsOf({ pairs }: Pairs, codec: Codecs['target']): Generator<Int32Array> {
  for (const { target } of pairs) yield codec.encode(target)
}

interface Trained extends Omit<Translator, 'model'> {
  readonly model: EncoderDecoder
  readonly folder: string
  readonly backend: Backend
  readonly history: History
  readonly trainSet: TranslationDataset
}

function metricsOf({ settings, languages, folder, backend, model, codecs, history, trainSet }: Trained): RunMetrics {
  const trainSeconds = history.column('seconds').reduce((sum, seconds) => sum + seconds, 0)
  const validationLoss = history.rows.at(-1)?.['validationLoss'] ?? null
  return {
    validationLoss,
    validationPerplexity: validationLoss === null ? null : Math.exp(validationLoss),
    trainSeconds,
    tokensPerSecond: Math.round((trainSet.targetTokens * history.rows.length) / trainSeconds),
    backend: backend.name,
    direction: directionOf(languages),
    seed: settings.seed,
    epochs: history.rows.length,
    parameters: model.parameterCount,
    sourceVocabulary: codecs.source.size,
    targetVocabulary: codecs.target.size,
    trainPairs: trainSet.sampleCount,
    folder,
  }
}

/** The plan to save with checkpoints. @throws E_RESUME when the training that is gone on with had other sentences */
function planOf(request: RunRequest, data: TrainingData): TrainingPlan {
  const { settings, sources, languages, backend, resume, folder } = request
  const digest = dataDigest(data)
  if (resume !== undefined && resume.dataDigest !== digest) {
    throw new AppError(
      'E_RESUME',
      `the sentences of ${data.train.file} are not those that the training in ${folder} began with`,
      'bring them back, or begin again with --restart',
    )
  }
  return { settings, sources, direction: directionOf(languages), backend, dataDigest: digest }
}

/** All pairs as batches; those that are too long are left out, counted, and told of. */
function encodeAll(codecs: Codecs, data: TrainingData, settings: Settings, output: Output): PairSets {
  const { batchSize, maxLength, seed } = settings
  const encode = ({ file, pairs }: Pairs, shuffle: boolean): TranslationDataset => {
    const set = translationDataset({
      file,
      pairs: pairs.map((pair, i) => ({ ...pair, line: i + 1 })),
      sourceCodec: codecs.source,
      targetCodec: codecs.target,
      batchSize,
      maxLength,
      shuffle,
      seed,
    })
    const { tooLong } = set.skipped
    if (tooLong > 0) {
      const limit = `more than ${maxLength} tokens (--max-length)`
      output.note(`warning: ${file}: ${tooLong} of ${pairs.length} pairs left out: a side has ${limit}`)
    }
    return set
  }
  return { train: encode(data.train, true), validation: data.validation && encode(data.validation, false) }
}

function describeTraining(
  output: Output,
  { train }: TrainingData,
  { source, target }: Codecs,
  { cell, attention, units, epochs }: Settings,
  model: EncoderDecoder,
  backend: Backend,
): void {
  const number = (value: number): string => value.toLocaleString('en')
  output.note(
    `${number(train.pairs.length)} pairs of ${train.file}: ${number(source.size)} and ${number(target.size)} ${source.unit}`,
  )
  const times = epochs === 1 ? '1 epoch' : `${epochs} epochs`
  const looks = attention === 'none' ? 'without attention' : `with ${attention} attention`
  output.note(
    `${cell} of ${units} units ${looks}: ${number(model.parameterCount)} parameters, ${times} on ${describeBackend(backend)}`,
  )
}
