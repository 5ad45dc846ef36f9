/** The plan of an unfinished training: what is needed, beside the checkpoint, to go on from it. */

import type { DataSources } from './data-sources.ts'
import { folders } from './model-folder.ts'
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

/** Reads the plan of an unfinished training. @throws E_RESUME if there is none */
export async function readPlan(folder: string): Promise<TrainingPlan> {
  return folders.readPlan(folder, (plan, path) =>
    isPlan(plan) ? { ...plan, settings: settingsFromJSON(plan.settings, path) } : undefined,
  )
}

function isPlan(plan: Readonly<Record<string, unknown>>): plan is Record<string, unknown> & TrainingPlan {
  const sources = plan['sources'] as Record<string, unknown> | null | undefined
  const kinds = { backend: 'string', dataDigest: 'string', baseline: 'boolean', sources: 'object' }
  return (
    Object.entries(kinds).every(([name, kind]) => typeof plan[name] === kind) &&
    sources !== null &&
    ['data', 'test'].every((name) => sources?.[name] === null || typeof sources?.[name] === 'string') &&
    (sources?.['validation'] === null || ['string', 'number'].includes(typeof sources?.['validation']))
  )
}
