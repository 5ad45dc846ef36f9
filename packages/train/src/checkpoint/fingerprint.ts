// What a checkpoint belongs to: enough of model, optimiser and loss to tell that training would go on as it was.

import type { JsonObject, JsonValue } from '../json.ts'
import type { TrainingState } from '../trainer/training-state.ts'

/** The fingerprint of a training, as JSON. */
export function fingerprintOf<Input, Output, Targets>(state: TrainingState<Input, Output, Targets>): JsonObject {
  const { model, options } = state
  const { loss, optimizer, clipNorm = null, adversarial } = options
  const { clipNormPerTensor, clipValue, accumulate, averaging } = options
  const variables = model
    .variables()
    .map(({ path, variable: { spec, trainable } }) => [path, { shape: spec.shape, trainable }])
  return {
    parameters: Object.fromEntries(variables) as JsonObject, // numbers and booleans
    model: configurationOf(model),
    optimizer: { name: optimizer.name, ...optimizer.configuration },
    loss: { name: loss.name, ...loss.configuration },
    clipNorm,
    ...(clipNormPerTensor !== undefined && { clipNormPerTensor }),
    ...(clipValue !== undefined && { clipValue }),
    ...(accumulate !== undefined && accumulate > 1 && { accumulate }),
    ...(averaging && { averaging: { name: averaging.name, ...averaging.configuration } }),
    ...(adversarial && { adversarial: { name: adversarial.name, ...adversarial.configuration } }),
  }
}

/** null for a model that doesn't describe itself: its parameters must do. */
function configurationOf(model: { toJSON(): unknown }): JsonValue {
  try {
    return JSON.parse(JSON.stringify(model.toJSON())) as JsonValue // JSON is what it is now
  } catch {
    return null
  }
}

/** Where two fingerprints differ: `optimizer.beta1 is 0.8 here, 0.9 in the checkpoint`. */
export function differences(own: JsonValue, saved: JsonValue, path = ''): string[] {
  if (isList(own) && isList(saved) && own.length === saved.length) {
    return own.flatMap((each, i) => differences(each, saved[i] ?? null, `${path}.${i}`))
  }
  if (isObject(own) && isObject(saved)) {
    const names = [...new Set([...Object.keys(own), ...Object.keys(saved)])]
    return names.flatMap((name) =>
      differences(own[name] ?? null, saved[name] ?? null, path === '' ? name : `${path}.${name}`),
    )
  }
  if (JSON.stringify(own) === JSON.stringify(saved)) return []
  if (path === 'model' && (own === null || saved === null)) return []
  return [`${path} is ${shown(own)} here, ${shown(saved)} in the checkpoint`]
}

function shown(value: JsonValue): string {
  if (value === null) return 'missing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** A list of parts, such as layers; a list of numbers is one value. */
function isList(value: JsonValue): value is readonly JsonObject[] {
  return Array.isArray(value) && value.some(isObject)
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
