/** A saved translator: the network, a tokenizer for each language, and how it came about. */

import type { Backend } from '@rnn/core'
import { loadModel, saveModel, type EncoderDecoder } from '@rnn/layers'
import type { History } from '@rnn/train'
import { AppError, problemOf } from 'app-kit/errors'
import { json, mend, ModelFolders } from 'app-kit/model-folder'
import { codecFromJSON, type Codecs } from './codecs.ts'
import { directionOf, languagesOf, type Languages } from './languages.ts'
import { settingsFromJSON } from './settings.ts'
import type { Translator } from './translator.ts'
import { commandLine } from './ui/command-line.ts'

const manifestName = 'translator.json'
const codecFiles = { source: 'source-tokenizer.json', target: 'target-tokenizer.json' } as const

/** The folders of this program's models. */
export const folders: ModelFolders = new ModelFolders({
  manifest: manifestName,
  format: 'rnn-translator',
  trainingFormat: 'rnn-translation-training',
  what: 'a translator',
  commandLine,
})

/** Writes a translator with how it came about. What was in the folder before stays until all of it is written. @throws E_FILE */
export async function saveTranslator(
  folder: string,
  { settings, languages, codecs, model }: Translator,
  history: History,
  metrics: object,
): Promise<void> {
  const needed = {
    ...(await saveModel(model)),
    [codecFiles.source]: json(codecs.source),
    [codecFiles.target]: json(codecs.target),
  }
  const remarks = { 'history.json': json(history), 'history.csv': history.toCSV(), 'metrics.json': json(metrics) }
  await folders.save(folder, needed, remarks, { direction: directionOf(languages), settings })
}

/**
 * Reads a translator onto a backend; the model belongs to the caller.
 *
 * @param wanted the direction that was asked for, if any
 * @throws E_MODEL_FOLDER for a folder without a model, whose files are cut short, changed or of different models, or of another direction
 */
export async function loadTranslator(
  folder: string,
  backend: Backend,
  wanted: Languages | undefined,
): Promise<Translator> {
  const saved = await folders.open(folder)
  const { settings, direction } = saved.manifest
  const languages = languagesOf(direction)
  if (languages === undefined) {
    const problem = `${folder}: the direction ${JSON.stringify(direction) ?? 'is missing and'} is none that is known`
    throw new AppError('E_MODEL_FOLDER', problem, `expected one such as "en-fr"; ${mend}`)
  }
  if (wanted !== undefined && directionOf(wanted) !== directionOf(languages)) {
    throw new AppError(
      'E_MODEL_FOLDER',
      `the model in ${folder} translates ${directionOf(languages)}, not ${directionOf(wanted)}`,
      'give the folder of another model, or train one',
    )
  }
  const files = {
    'config.json': await saved.text('config.json'),
    'weights.safetensors': await saved.bytes('weights.safetensors'),
  }
  const tokenizers = {
    source: await saved.json(codecFiles.source),
    target: await saved.json(codecFiles.target),
  }
  try {
    const codecs = {
      source: codecFromJSON(tokenizers.source, codecFiles.source),
      target: codecFromJSON(tokenizers.target, codecFiles.target),
    }
    const model = await loadModel<EncoderDecoder>(files, backend)
    checkSizes(model, codecs)
    return { settings: settingsFromJSON(settings, manifestName), languages, codecs, model }
  } catch (error) {
    throw new AppError('E_MODEL_FOLDER', `the model in ${folder} is damaged: ${problemOf(error)}`, mend, error)
  }
}

/** Codecs of the size that the network was made for: files of two models, each whole, still don't make one. */
function checkSizes({ source, target }: EncoderDecoder, codecs: Codecs): void {
  const sizes = [source.options.vocabularySize, target.options.vocabularySize]
  if (sizes[0] === codecs.source.size && sizes[1] === codecs.target.size) return
  throw new AppError(
    'E_MODEL_FOLDER',
    `the network is of ${sizes.join(' and ')} tokens, the tokenizers of ${codecs.source.size} and ${codecs.target.size}`,
  )
}
