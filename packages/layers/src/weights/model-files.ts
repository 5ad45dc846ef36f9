// A model as two files: what it is, and its values. Host-neutral: names and contents, no file system.

import { RnnError, type Backend } from '@rnn/core'
import { fromJSON, type ModuleTypes } from '../config/from-json.ts'
import { checkOwners } from '../containers/ties.ts'
import type { AnyModule, Module } from '../module.ts'
import { readWeights, saveWeights } from './weights.ts'

/** A saved model: contents by file name. */
export interface ModelFiles {
  readonly 'config.json': string
  readonly 'weights.safetensors': Uint8Array<ArrayBuffer>
}

/** Written into files; readers refuse a greater one. */
const FORMAT_VERSION = 1

/**
 * A model as files: its configuration, which parameters are frozen, and its values.
 *
 * ```ts
 * for (const [name, content] of Object.entries(await saveModel(model))) await writeFile(join(folder, name), content)
 * ```
 *
 * @throws E_NOT_BUILT before `init`, E_CONFIGURATION for a module that doesn't describe itself, or whose kernel belongs to another model
 */
export async function saveModel(model: AnyModule): Promise<ModelFiles> {
  checkOwners(model)
  const frozen = model.parameters().flatMap(({ path, variable }) => (variable.trainable ? [] : [path]))
  const config = { format: 'rnn', formatVersion: FORMAT_VERSION, model: model.toJSON(), frozen }
  return { 'config.json': `${JSON.stringify(config, undefined, 2)}\n`, 'weights.safetensors': await saveWeights(model) }
}

/**
 * Makes a saved model again, on `backend`, ready to predict or to train further. The caller says by the type parameter what comes in and out.
 *
 * ```ts
 * const model = await loadModel({ 'config.json': text, 'weights.safetensors': bytes }, await cpu())
 * ```
 *
 * @param extraTypes modules (and cells) of your own, by type
 * @throws E_FORMAT for files that are cut short or malformed, E_CONFIGURATION for an unknown type or option, E_CHECKPOINT when the files don't
 *   belong together
 */
export async function loadModel<M extends AnyModule = Module>(
  files: { readonly 'config.json': string; readonly 'weights.safetensors': Uint8Array },
  backend: Backend,
  extraTypes: ModuleTypes = {},
): Promise<M> {
  const { config, frozen } = readConfig(files['config.json'])
  const model = fromJSON(config, extraTypes)
  model.build(undefined)
  const values = readWeights(model, files['weights.safetensors'])
  await model.init(backend, { seed: 0, values: (path) => values.get(path) })
  if (frozen !== undefined) freeze(model, frozen)
  return model as AnyModule as M // what the file holds is for the caller to know
}

/** @param frozen the paths of the parameters that aren't trained; all others are */
function freeze(model: AnyModule, frozen: unknown): void {
  const parameters = model.parameters()
  const paths = new Set<unknown>(Array.isArray(frozen) ? frozen : [frozen])
  for (const { path, variable } of parameters) variable.trainable = !paths.delete(path)
  if (paths.size === 0) return
  throw new RnnError({
    code: 'E_FORMAT',
    operation: 'loadModel',
    problem: `config.json says that ${JSON.stringify([...paths][0])} is frozen, which is no parameter of the model`,
    fix: 'save it again',
  })
}

/** The configuration of the model, and what of it is frozen; undefined in files of before that was written. */
function readConfig(text: string): { readonly config: unknown; readonly frozen: unknown } {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (cause) {
    throw new RnnError({
      code: 'E_FORMAT',
      operation: 'loadModel',
      problem: `config.json is no JSON (${text.length} characters): cut short or not a configuration`,
      fix: 'save or download it again',
      cause,
    })
  }
  const envelope = typeof config === 'object' && config !== null ? config : {}
  if (!('format' in envelope) || envelope.format !== 'rnn' || !('model' in envelope)) {
    throw new RnnError({
      code: 'E_FORMAT',
      operation: 'loadModel',
      problem: 'config.json is not the configuration of an @rnn model',
      fix: 'give the files that saveModel made; for a bare configuration use fromJSON',
    })
  }
  if ('formatVersion' in envelope && Number(envelope.formatVersion) > FORMAT_VERSION) {
    throw new RnnError({
      code: 'E_FORMAT',
      operation: 'loadModel',
      problem: `config.json has format version ${String(envelope.formatVersion)}, this @rnn reads up to ${FORMAT_VERSION}`,
      fix: 'update @rnn/layers',
    })
  }
  return { config: envelope.model, frozen: 'frozen' in envelope ? envelope.frozen : undefined }
}
