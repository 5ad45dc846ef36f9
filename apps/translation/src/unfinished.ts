/** The plan of an unfinished training: what is needed, beside the checkpoint, to go on from it. */

import type { DataSources } from './data-sources.ts'
import { folders } from './model-folder.ts'
import { settingsFromJSON, type Settings } from './settings.ts'

/** What a training is, beside its checkpoint. */
export interface TrainingPlan {
  readonly settings: Settings
  readonly sources: DataSources
  /** `en-fr`. */
  readonly direction: string
  /** Of the training and validation sentences. */
  readonly dataDigest: string
  readonly backend: string
}

/** Reads the plan of an unfinished training. @throws E_RESUME if there is none */
export async function readPlan(folder: string): Promise<TrainingPlan> {
  return folders.readPlan(folder, (plan, path) =>
    isPlan(plan) ? { ...plan, settings: settingsFromJSON(plan.settings, path) } : undefined,
  )
}

function isPlan(plan: Readonly<Record<string, unknown>>): plan is Record<string, unknown> & TrainingPlan {
  const { sources } = plan
  if (typeof sources !== 'object' || sources === null) return false
  const { train, validation } = sources as Readonly<Record<string, unknown>>
  const strings = ['direction', 'dataDigest', 'backend']
  return (
    strings.every((name) => typeof plan[name] === 'string') &&
    (train === null || isFiles(train)) &&
    (validation === null || typeof validation === 'number' || isFiles(validation))
  )
}

function isFiles(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const files = value as Readonly<Record<string, unknown>>
  return (
    typeof files['table'] === 'string' || (typeof files['source'] === 'string' && typeof files['target'] === 'string')
  )
}
