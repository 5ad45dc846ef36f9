// A model's values as bytes and back.

import { formatShape, key, readTensors, RnnError, sameShape } from '@rnn/core'
import type { HostArray } from '../host-array.ts'
import type { AnyModule } from '../module.ts'
import { readSafetensors, writeSafetensors } from './safetensors.ts'

/** Written into files; readers refuse a greater one. */
const FORMAT_VERSION = 1

/**
 * All parameters and states of a model in safetensors format, by path. The caller owns the bytes.
 *
 * ```ts
 * await writeFile('weights.safetensors', await saveWeights(model))
 * ```
 *
 * @throws E_NOT_BUILT before `init`
 */
export async function saveWeights(model: AnyModule): Promise<Uint8Array<ArrayBuffer>> {
  assertInitialized(model)
  const variables = model.variables()
  const values = variables.map(({ variable }) => variable.value)
  const arrays = await readTensors(values)
  const tensors = arrays.map((data, i): [string, HostArray] => [
    variables[i]?.path ?? '',
    { data, shape: values[i]?.shape ?? [] },
  ])
  const states = variables.flatMap(({ path, variable }) => (variable.kind === 'state' ? [path] : []))
  return writeSafetensors(tensors, {
    format: 'rnn',
    formatVersion: String(FORMAT_VERSION),
    ...(states.length > 0 && { states: states.join('\n') }),
  })
}

/**
 * Overwrites a model's values with saved ones. Nothing is changed unless all parameters fit. States are no part of what a model is: those that are not in the file, or of
 * another number of rows there, begin anew, and those that the model doesn't keep are left out.
 *
 * @param bytes a safetensors file of float32 arrays by path; a view at any offset
 * @throws E_FORMAT for a file that is cut short or malformed, E_CHECKPOINT for one of another model (the message lists what differs), E_NOT_BUILT
 *   before `init`
 */
export async function loadWeights(model: AnyModule, bytes: Uint8Array): Promise<void> {
  assertInitialized(model)
  const values = readWeights(model, bytes)
  for (const { path, variable } of model.variables()) {
    const { initializer, shape } = variable.spec
    variable.assign(values.get(path) ?? initializer.values(key(0), shape))
  }
  await model.backend.sync()
}

/** Before it, the variables themselves may be missing. @throws E_NOT_BUILT */
function assertInitialized(model: AnyModule): void {
  void model.backend
}

/** The values for each path of `model`, of the right shapes; all parameters are there, of the states those that fit. @throws E_FORMAT, E_CHECKPOINT */
export function readWeights(model: AnyModule, bytes: Uint8Array): ReadonlyMap<string, Float32Array> {
  const { tensors, metadata } = readSafetensors(bytes)
  if (metadata['format'] === 'rnn' && Number(metadata['formatVersion']) > FORMAT_VERSION) {
    throw new RnnError({
      code: 'E_FORMAT',
      operation: 'loadWeights',
      problem: `the weights have format version ${metadata['formatVersion']}, this @rnn reads up to ${FORMAT_VERSION}`,
      fix: 'update @rnn/layers',
    })
  }
  const missing: string[] = []
  const unlike: string[] = []
  const values = new Map<string, Float32Array>()
  const unexpected = new Set(tensors.keys())
  for (const path of metadata['states']?.split('\n') ?? []) unexpected.delete(path)
  for (const { path, variable } of model.variables()) {
    const found = tensors.get(path)
    unexpected.delete(path)
    const fits = found !== undefined && sameShape(found.shape, variable.spec.shape)
    if (fits && found.data instanceof Float32Array) values.set(path, found.data)
    else if (variable.kind === 'state') continue
    else if (found === undefined) missing.push(path)
    else if (fits) unlike.push(`${path} int32 instead of float32`)
    else unlike.push(`${path} ${formatShape(found.shape)} instead of ${formatShape(variable.spec.shape)}`)
  }
  const problems = [
    ...listed('missing', missing),
    ...listed('unexpected', [...unexpected]),
    ...listed('different', unlike),
  ]
  if (problems.length === 0) return values
  throw new RnnError({
    code: 'E_CHECKPOINT',
    operation: 'loadWeights',
    problem: `the weights are of another model: ${problems.join('; ')}`,
    fix: 'make the model with the configuration that it was saved with',
  })
}

/** At most six names, so that the message stays one line. */
function listed(title: string, names: readonly string[]): string[] {
  if (names.length === 0) return []
  const rest = names.length > 6 ? ` and ${names.length - 6} more` : ''
  return [`${title} ${names.slice(0, 6).join(', ')}${rest}`]
}
