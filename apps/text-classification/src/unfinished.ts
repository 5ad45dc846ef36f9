/** An unfinished training on disk: a checkpoint and what else is needed to go on from it. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataSources } from './data-sources.ts'
import { AppError, problemOf } from './errors.ts'
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
  const missing = Object.values(trainingFiles).filter((name) => !names.includes(name))
  if (missing.length === 2) {
    throw new AppError('E_RESUME', `there is no unfinished training in ${folder}`, 'leave out --resume to begin one')
  }
  if (missing.length > 0)
    throw new AppError('E_RESUME', `${folder} lacks ${missing[0]}, without which nothing can be gone on with`, again)
  const path = join(folder, trainingFiles.state)
  const plan = parse(await readText(path, again), path, again)
  if (!isPlan(plan)) throw new AppError('E_RESUME', `${path} is not the plan of a training`, again)
  try {
    return { ...plan, settings: settingsFromJSON(plan.settings, path) }
  } catch (error) {
    throw new AppError('E_RESUME', problemOf(error), again, error)
  }
}

const again = 'begin again with --restart'

function isPlan(plan: Record<string, unknown>): plan is Record<string, unknown> & TrainingPlan {
  const sources = plan['sources'] as Record<string, unknown> | null | undefined
  const kinds = { backend: 'string', dataDigest: 'string', baseline: 'boolean', sources: 'object' }
  return (
    plan['format'] === 'rnn-text-training' &&
    plan['version'] === 1 &&
    Object.entries(kinds).every(([name, kind]) => typeof plan[name] === kind) &&
    sources !== null &&
    ['data', 'test'].every((name) => sources?.[name] === null || typeof sources?.[name] === 'string') &&
    (sources?.['validation'] === null || ['string', 'number'].includes(typeof sources?.['validation']))
  )
}

/** Whether a training can be gone on with. */
export async function canResume(folder: string): Promise<boolean> {
  return readPlan(folder).then(
    () => true,
    () => false,
  )
}

/** Reads the checkpoint. @throws E_FILE */
export async function readCheckpoint(folder: string): Promise<Uint8Array> {
  return readBytes(join(folder, trainingFiles.checkpoint))
}

/** Removes plan and checkpoint, once the model is saved or when they are to be forgotten. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of Object.values(trainingFiles)) await rm(join(folder, name), { force: true })
}
