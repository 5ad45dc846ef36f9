/** A saved model: a folder whose files are written together, and checked against one another when they are read. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Backend } from '@rnn/core'
import { labelIndexFromJSON, tokenizerFromJSON, vocabularyFromJSON } from '@rnn/data'
import { loadModel, saveModel, type Sequential } from '@rnn/layers'
import type { History } from '@rnn/train'
import type { Classifier } from './classifier.ts'
import { AppError, problemOf } from './errors.ts'
import { ensureWritable, listFolder, readBytes, readText, writeTogether, type FileContents } from './files.ts'
import { checkUnlocked, lockFolder } from './folder-lock.ts'
import { settingsFromJSON } from './settings.ts'
import type { TextEncoder } from './text-encoder.ts'
import { commandLine } from './ui/command-line.ts'

/** Says what the folder is, with the settings of the training and a digest of every file that `predict` needs. */
const manifestName = 'classifier.json'

/** The files of an unfinished training, which `--resume` goes on with. */
export const trainingFiles = { state: 'training.json', checkpoint: 'checkpoint.safetensors' } as const

interface Manifest {
  readonly settings: unknown
  readonly tokenizer: unknown
  readonly sha256: Readonly<Record<string, string>>
}

/** Writes a classifier with how it came about. What was in the folder before stays until all of it is written. @throws E_FILE */
export async function saveClassifier(
  folder: string,
  { settings, encoder, model }: Classifier,
  history: History,
  metrics: object,
): Promise<void> {
  const needed: FileContents = {
    ...(await saveModel(model)),
    'vocabulary.json': json(encoder.vocabulary),
    'labels.json': json(encoder.labels),
  }
  const sha256 = Object.fromEntries(Object.entries(needed).map(([name, content]) => [name, digest(content)]))
  await writeTogether(folder, {
    ...needed,
    'history.json': json(history),
    'history.csv': history.toCSV(),
    'metrics.json': json(metrics),
    [manifestName]: json({ format: 'rnn-text-classifier', version: 1, settings, tokenizer: encoder.tokenizer, sha256 }),
  })
}

/**
 * Reads a classifier onto a backend; the model belongs to the caller.
 *
 * @throws E_MODEL_FOLDER for a folder without a model, or whose files are cut short, changed or of different models
 */
export async function loadClassifier(folder: string, backend: Backend): Promise<Classifier> {
  const { settings, tokenizer, sha256 } = await readManifest(folder)
  const read = async (name: string): Promise<Uint8Array> => {
    const content = await readBytes(join(folder, name), 'the folder is not a whole model: train it again')
    if (digest(content) === sha256[name]) return content
    throw new AppError('E_MODEL_FOLDER', `${join(folder, name)} is not as it was saved: cut short or changed`, mend)
  }
  const readJson = async (name: string): Promise<unknown> => parse(decode(await read(name)), join(folder, name))
  const files = {
    'config.json': decode(await read('config.json')),
    'weights.safetensors': await read('weights.safetensors'),
  }
  const vocabulary = await readJson('vocabulary.json')
  const labels = await readJson('labels.json')
  try {
    const encoder = {
      tokenizer: tokenizerFromJSON(tokenizer),
      vocabulary: vocabularyFromJSON(vocabulary, 'vocabulary.json'),
      labels: labelIndexFromJSON(labels, 'labels.json'),
    }
    const model = await loadModel<Sequential>(files, backend)
    checkSizes(model, encoder)
    return { settings: settingsFromJSON(settings, manifestName), encoder, model }
  } catch (error) {
    throw new AppError('E_MODEL_FOLDER', `the model in ${folder} is damaged: ${problemOf(error)}`, mend, error)
  }
}

/** What to do about a model that can't be read. */
const mend = 'restore it or train again'

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

async function readManifest(folder: string): Promise<Manifest> {
  const names = await listFolder(folder)
  if (names === undefined) {
    throw new AppError('E_MODEL_FOLDER', `there is no folder ${folder}`, `make a model with: ${trainInto(folder)}`)
  }
  if (!names.includes(manifestName)) {
    const unfinished = isUnfinished(names)
    throw new AppError(
      'E_MODEL_FOLDER',
      unfinished ? `the training in ${folder} is not finished` : `${folder} holds no model of this program`,
      unfinished ? `go on with: ${trainInto(folder, '--resume')}` : `make one with: ${trainInto(folder)}`,
    )
  }
  const path = join(folder, manifestName)
  const manifest = parse(await readText(path, mend), path)
  const sha256 = manifest['sha256']
  if (manifest['format'] !== 'rnn-text-classifier' || typeof sha256 !== 'object' || sha256 === null) {
    throw new AppError('E_MODEL_FOLDER', `${path} is not the description of a text classifier`, mend)
  }
  if (manifest['version'] !== 1) {
    throw new AppError(
      'E_MODEL_FOLDER',
      `${path} has version ${String(manifest['version'])}, this program reads version 1`,
      'train again, or use the release that made it',
    )
  }
  return manifest as unknown as Manifest // format and version were checked
}

/** What training may do with a folder. */
export interface FolderUse {
  readonly resume: boolean
  /** Forget an unfinished training that lies there. */
  readonly restart: boolean
}

/**
 * Makes the folder if need be and sees that a model can be saved there, before any time is spent on training it. No other training may
 * write there until the function that it gives is called.
 *
 * @throws E_FOLDER if it can't be written, is in use or holds something else, E_RESUME if it holds an unfinished training that nobody asked to resume or restart
 */
export async function prepareFolder(folder: string, { resume, restart }: FolderUse): Promise<() => void> {
  const names = (await listFolder(folder)) ?? []
  await checkUnlocked(folder)
  const unfinished = isUnfinished(names)
  if (names.length > 0 && !unfinished && !names.includes(manifestName)) {
    const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '')
    throw new AppError(
      'E_FOLDER',
      `${folder} holds something else (${shown})`,
      'give a new or an empty folder with --out',
    )
  }
  if (unfinished && !resume && !restart) {
    throw new AppError(
      'E_RESUME',
      `${folder} holds an unfinished training`,
      'go on with --resume, or begin again with --restart, which forgets it',
    )
  }
  await ensureWritable(folder)
  return lockFolder(folder)
}

/** Whether these are the files of a folder with an unfinished training, or with what is left of one. */
function isUnfinished(names: readonly string[]): boolean {
  return Object.values(trainingFiles).some((name) => names.includes(name))
}

/** The command that trains into a folder. */
export function trainInto(folder: string, ...options: readonly string[]): string {
  return commandLine('train', ...options, '--out', folder)
}

/** A JSON object from a file's text. @throws E_MODEL_FOLDER that names the file and says the fix */
export function parse(text: string, path: string, fix: string = mend): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below, with the name of the file.
  }
  throw new AppError('E_MODEL_FOLDER', `${path} is no JSON object: cut short or changed`, fix)
}

/** JSON as it is written into files. */
export function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
