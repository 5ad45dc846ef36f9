// The gradients of adversarial training: those of the loss, and those of the loss with embedded inputs moved against the model.

import { valueAndGrad } from '@rnn/autodiff'
import { add, copy, customGradient, keep, mul, RnnError, zeros, type Backend, type Tensor } from '@rnn/core'
import type { Variable } from '@rnn/layers'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'
import type { Attack } from './attack.ts'

/**
 * The loss of a batch, with its embedded inputs handed through `embedded`, if that is given. Where they are `moved`, penalties on weights and outputs don't count: they
 * belong to the loss once.
 */
export type Measure<Aux> = (
  embedded?: (vectors: Tensor) => Tensor,
  moved?: boolean,
) => {
  readonly value: Tensor
  readonly aux: Aux
}

/** The loss as it is, and gradients that are the sum of both. */
export interface AdversarialGradients<Aux> {
  readonly value: Tensor
  readonly gradients: NamedTensors
  readonly aux: Aux
}

/**
 * Runs the attack within the caller's scope. Parameters are not touched; states that forward passes keep are advanced once, as by the loss alone.
 *
 * @throws E_UNSUPPORTED when the model has come to no embedding
 */
export function adversarialGradients<Aux>(
  attack: Attack,
  backend: Backend,
  parameters: NamedTensors,
  states: readonly Variable[],
  measure: Measure<Aux>,
): AdversarialGradients<Aux> {
  const kept: Tensor[] = []
  const pass = (by: NamedTensors, perturbations?: Perturbations): SpiedPass<Aux> =>
    spiedPass(backend, by, perturbations, measure, kept)
  const statesBefore = states.map(({ value }) => copy(value))
  const reset = (to: readonly Tensor[]): void =>
    states.forEach((state, i) => {
      const value = to[i]
      if (value !== undefined) state.assign(value)
    })
  try {
    const clean = pass(parameters)
    if (clean.seen.length === 0) throw noEmbedding(attack.name)
    const statesAfter = states.map(({ value }) => copy(value))
    let perturbations: Perturbations = []
    for (let i = 0; i < attack.steps; i++) {
      if (i > 0) reset(statesBefore)
      const { seen } = i === 0 ? clean : pass({}, perturbations)
      perturbations = seen.map((gradient, j) => gradient && attack.move(gradient, perturbations[j]))
    }
    reset(statesBefore)
    const moved = pass(parameters, perturbations)
    reset(statesAfter)
    const gradients = Object.entries(clean.gradients).map(([path, gradient]) => {
      const other = moved.gradients[path] ?? gradient
      return [path, add(gradient, attack.weight === 1 ? other : mul(other, attack.weight))] as const
    })
    return { value: clean.value, aux: clean.aux, gradients: Object.fromEntries(gradients) }
  } finally {
    for (const each of kept) each.dispose()
  }
}

/** For each embedded input, in the order in which the model comes to them; undefined where the loss doesn't depend on one. */
type Perturbations = readonly (Tensor | undefined)[]

interface SpiedPass<Aux> extends AdversarialGradients<Aux> {
  /** The gradients by the embedded inputs, which are among what is kept. */
  readonly seen: Perturbations
}

/** One forward and backward pass, with perturbations added to embedded inputs if there are any. */
function spiedPass<Aux>(
  backend: Backend,
  parameters: NamedTensors,
  perturbations: Perturbations | undefined,
  measure: Measure<Aux>,
  kept: Tensor[],
): SpiedPass<Aux> {
  const seen: (Tensor | undefined)[] = []
  let probe: Tensor | undefined
  const embedded = (vectors: Tensor): Tensor => {
    const index = seen.push(undefined) - 1
    const perturbation = perturbations?.[index]
    // The probe makes the tape follow the vectors even where the embedding is frozen.
    const inputs = probe === undefined ? [vectors] : [vectors, probe]
    const [followed = vectors] = customGradient('adversarial', inputs, ([each = vectors]) => ({
      outputs: [perturbation === undefined ? copy(each) : add(each, perturbation)],
      saved: [],
      backward: ([gradient = null]) => {
        if (gradient !== null) kept.push((seen[index] = keep(copy(gradient))))
        return [gradient, null]
      },
    }))
    return followed
  }
  const names = Object.keys(parameters)
  const run = (tensors: readonly Tensor[]): { value: Tensor; aux: Aux } => {
    probe = tensors.at(-1)
    return measure(embedded, perturbations !== undefined)
  }
  const { value, gradients, aux } = valueAndGrad(run)([...Object.values(parameters), zeros([], { backend })])
  return { value, aux, seen, gradients: Object.fromEntries(names.map((name, i) => [name, gradients[i]!])) }
}

function noEmbedding(operation: string): RnnError {
  return new RnnError({
    code: 'E_UNSUPPORTED',
    operation,
    problem: 'the model has come to no embedding whose vectors could be moved',
    fix: "let forward hand its context on to the embedding: this.words.forward(ids, child(context, 'words'))",
  })
}
