/** Gives a model the weights of the bench. */

import type { Module } from '@rnn/layers'

/** Overwrites every parameter of a model; `nameOf` gives the name of a path's weights. */
export function assignWeights(
  model: Module<never, unknown>,
  weights: Readonly<Record<string, Float32Array>>,
  nameOf: (path: string) => string = (path) => path,
): void {
  for (const { path, variable } of model.parameters()) {
    const values = weights[nameOf(path)]
    if (values === undefined) throw new Error(`no weights for '${path}'`)
    variable.assign(values)
  }
}
