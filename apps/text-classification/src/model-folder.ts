/** A saved classifier: the network, its words and labels, and how it came about. */

import type { Backend } from '@rnn/core'
import { labelIndexFromJSON, tokenizerFromJSON, vocabularyFromJSON } from '@rnn/data'
import { loadModel, saveModel, type Sequential } from '@rnn/layers'
import type { History } from '@rnn/train'
import { AppError, problemOf } from 'app-kit/errors'
import { json, mend, ModelFolders } from 'app-kit/model-folder'
import type { Classifier } from './classifier.ts'
import { settingsFromJSON } from './settings.ts'
import type { TextEncoder } from './text-encoder.ts'
import { commandLine } from './ui/command-line.ts'

const manifest = 'classifier.json'

/** The folders of this program's models. */
export const folders: ModelFolders = new ModelFolders({
  manifest,
  format: 'rnn-text-classifier',
  trainingFormat: 'rnn-text-training',
  what: 'a text classifier',
  commandLine,
})

/** Writes a classifier with how it came about. What was in the folder before stays until all of it is written. @throws E_FILE */
export async function saveClassifier(
  folder: string,
  { settings, encoder, model }: Classifier,
  history: History,
  metrics: object,
): Promise<void> {
  const needed = {
    ...(await saveModel(model)),
    'vocabulary.json': json(encoder.vocabulary),
    'labels.json': json(encoder.labels),
  }
  const remarks = { 'history.json': json(history), 'history.csv': history.toCSV(), 'metrics.json': json(metrics) }
  await folders.save(folder, needed, remarks, { settings, tokenizer: encoder.tokenizer })
}

/**
 * Reads a classifier onto a backend; the model belongs to the caller.
 *
 * @throws E_MODEL_FOLDER for a folder without a model, or whose files are cut short, changed or of different models
 */
export async function loadClassifier(folder: string, backend: Backend): Promise<Classifier> {
  const saved = await folders.open(folder)
  const { settings, tokenizer } = saved.manifest
  const files = {
    'config.json': await saved.text('config.json'),
    'weights.safetensors': await saved.bytes('weights.safetensors'),
  }
  const vocabulary = await saved.json('vocabulary.json')
  const labels = await saved.json('labels.json')
  try {
    const encoder = {
      tokenizer: tokenizerFromJSON(tokenizer),
      vocabulary: vocabularyFromJSON(vocabulary, 'vocabulary.json'),
      labels: labelIndexFromJSON(labels, 'labels.json'),
    }
    const model = await loadModel<Sequential>(files, backend)
    checkSizes(model, encoder)
    return { settings: settingsFromJSON(settings, manifest), encoder, model }
  } catch (error) {
    throw new AppError('E_MODEL_FOLDER', `the model in ${folder} is damaged: ${problemOf(error)}`, mend, error)
  }
}

/** Words and labels of the size that the network was made for: files of two models, each whole, still don't make one. */
function checkSizes(model: Sequential, { vocabulary, labels }: TextEncoder): void {
  const parameters = model.parameters()
  const rows = parameters[0]?.variable.spec.shape[0]
  const classes = parameters.at(-1)?.variable.spec.shape.at(-1)
  if (rows === vocabulary.size && classes === labels.size) return
  throw new AppError(
    'E_MODEL_FOLDER',
    `the network is of ${rows} words and ${classes} labels, the other files of ${vocabulary.size} and ${labels.size}`,
  )
}
