// How a model's values come to be and move. All or nothing: on failure the variables keep what they had.

import {
  keep,
  key,
  readTensors,
  RnnError,
  splitKey,
  tensor,
  type Backend,
  type ParameterSpec,
  type Tensor,
} from '@rnn/core'
import type { NamedVariable } from './variable.ts'

/** Options of `init`. */
export interface InitOptions {
  /** A whole number: the same seed gives the same values on every backend. */
  readonly seed: number
  /** Values from elsewhere, row-major, in place of the initializer's; undefined for a path that starts as usual. */
  readonly values?: (path: string, spec: ParameterSpec) => Float32Array | undefined
}

/** Gives every variable a new value on `backend`. */
export async function createValues(
  variables: readonly NamedVariable[],
  backend: Backend,
  options: InitOptions,
): Promise<void> {
  const { seed, values } = options
  if (!Number.isSafeInteger(seed)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'init',
      problem: `seed ${String(seed)}`,
      fix: 'give a whole number: { seed: 1 }',
    })
  }
  const root = key(seed)
  const made = await upload(backend, variables, ({ path, variable: { spec } }) => {
    return values?.(path, spec) ?? spec.initializer.values(path.split('.').reduce(splitKey, root), spec.shape)
  })
  variables.forEach(({ variable }, i) => place(variable, made[i]))
}

/** Moves every value to `backend`. */
export async function moveValues(variables: readonly NamedVariable[], backend: Backend): Promise<void> {
  const before = variables.map(({ variable }) => variable.value)
  const versions = before.map(({ storage }) => storage.version)
  const data = await readTensors(before)
  const host = new Map(variables.map(({ variable }, i) => [variable, data[i]]))
  const made = await upload(backend, variables, ({ variable }) => host.get(variable) as Float32Array) // variables are float32
  const changed = variables.find(
    ({ variable }, i) =>
      !variable.initialized || variable.value !== before[i] || before[i]?.storage.version !== versions[i],
  )
  if (changed !== undefined) {
    for (const each of made) each.dispose()
    throw new RnnError({
      code: 'E_BUSY',
      operation: 'to',
      problem: `'${changed.path}' was changed while the model was being moved`,
      fix: 'move it between training steps: trainer.to(backend)',
    })
  }
  variables.forEach(({ variable }, i) => place(variable, made[i]))
}

/** New long-lived tensors, which belong to no scope. */
async function upload(
  backend: Backend,
  variables: readonly NamedVariable[],
  valuesOf: (variable: NamedVariable) => Float32Array,
): Promise<Tensor[]> {
  const made: Tensor[] = []
  try {
    for (const named of variables) {
      const { shape } = named.variable.spec
      made.push(keep(tensor(valuesOf(named), { backend, shape, role: 'parameter' })))
    }
    await backend.sync()
    return made
  } catch (error) {
    for (const each of made) each.dispose()
    throw error
  }
}

function place(variable: NamedVariable['variable'], value: Tensor | undefined): void {
  if (value !== undefined) variable.place(value)
}
