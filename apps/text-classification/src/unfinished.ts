/** An unfinished training on disk: a checkpoint and what else is needed to go on from it. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataSources } from './data-sources.ts'
import { AppError } from './errors.ts'
import { listFolder, readBytes, readText, writeTogether } from './files.ts'
import { json, parse, trainingFiles } from './model-folder.ts'
import { settingsFromJSON, type Settings } from './settings.ts'

/** What a training is, beside its checkpoint. */
export interface TrainingPlan {
  readonly settings: Settings
  readonly sources: DataSources
  /** Of the training and validation texts. */
  readonly dataDigest: string
  readonly backend: string
  readonly baseline: boolean
}

/** Writes checkpoint and plan together; those before stay until both are written. @throws E_FILE */
export async function saveUnfinished(folder: string, plan: TrainingPlan, checkpoint: Uint8Array): Promise<void> {
  await writeTogether(folder, {
    [trainingFiles.checkpoint]: checkpoint,
    [trainingFiles.state]: json({ format: 'rnn-text-training', version: 1, ...plan }),
  })
}

/** Reads the plan of an unfinished training. @throws E_RESUME if there is none */
export async function readPlan(folder: string): Promise<TrainingPlan> {
  const names = (await listFolder(folder)) ?? []
  if (!names.includes(trainingFiles.checkpoint) || !names.includes(trainingFiles.state)) {
    throw new AppError('E_RESUME', `there is no unfinished training in ${folder}`, 'leave out --resume to begin one')
  }
  const path = join(folder, trainingFiles.state)
  const plan = parse(await readText(path), path)
  const whole =
    typeof plan['sources'] === 'object' && plan['sources'] !== null && typeof plan['dataDigest'] === 'string'
  if (plan['format'] !== 'rnn-text-training' || plan['version'] !== 1 || !whole) {
    throw new AppError('E_RESUME', `${path} is not the plan of a training`, 'begin again with --restart')
  }
  return { ...(plan as unknown as TrainingPlan), settings: settingsFromJSON(plan['settings'], path) }
}

/** Reads the checkpoint. @throws E_FILE */
export async function readCheckpoint(folder: string): Promise<Uint8Array> {
  return readBytes(join(folder, trainingFiles.checkpoint))
}

/** Removes plan and checkpoint, once the model is saved or when they are to be forgotten. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of Object.values(trainingFiles)) await rm(join(folder, name), { force: true })
}
