// Gradients of a function of parameters.

import { alias, full, recorderOf, RnnError, scope, Tensor, tensorsIn, formatShape } from '@rnn/core'
import { Tape } from './tape.ts'

/** One tensor, an array of them, or a record of them by name. */
export type ParameterTree = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>

/** Gradients in the shape of the parameters. */
export type GradientsOf<P extends ParameterTree> = P extends Tensor ? Tensor : { readonly [Key in keyof P]: Tensor }

/** What `valueAndGrad` gives. */
export interface ValueAndGradients<P extends ParameterTree, Aux> {
  /** The value, float32 of shape `[]`. */
  readonly value: Tensor
  /** Contiguous, each in a buffer of its own; zeros for a parameter that the value does not depend on. */
  readonly gradients: GradientsOf<P>
  readonly aux: Aux
}

/**
 * The value of a function and its gradients with respect to its parameters, by reverse-mode differentiation (Linnainmaa 1970; Griewank & Walther 2008).
 *
 * `f` runs in a scope of its own: what else it shall give (predictions, states) it returns as `aux`. Everything returned belongs to the caller's scope and is
 * followed by nothing. `f` may be called with other tensors than parameters around it; they count as constants, and `detach` makes a constant.
 *
 * ```ts
 * const { value, gradients } = valueAndGrad((w: Tensor) => mean(square(sub(matmul(x, w), y))))(w)
 * ```
 *
 * @throws E_SHAPE when the value is no scalar, E_NO_GRADIENT when it depends on none of the parameters, E_NESTED_GRADIENT, E_SAVED_MUTATED
 */
export function valueAndGrad<P extends ParameterTree>(
  f: (parameters: P) => Tensor,
): (parameters: P) => ValueAndGradients<P, undefined>
export function valueAndGrad<P extends ParameterTree, Aux>(
  f: (parameters: P) => { readonly value: Tensor; readonly aux: Aux },
): (parameters: P) => ValueAndGradients<P, Aux>
export function valueAndGrad<P extends ParameterTree, Aux>(
  f: (parameters: P) => Tensor | { readonly value: Tensor; readonly aux: Aux },
): (parameters: P) => ValueAndGradients<P, Aux | undefined> {
  return (parameters) => {
    const watched = tensorsIn(parameters)
    const [first] = watched
    if (first === undefined) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'valueAndGrad',
        problem: 'there are no parameters to differentiate by',
      })
    }
    const tape = new Tape()
    return scope(first.backend, () => {
      try {
        const { value, aux, ids } = forward(f, parameters, watched, tape)
        const from = tape.idOf(value)
        if (from === undefined) {
          throw new RnnError({
            code: 'E_NO_GRADIENT',
            operation: 'valueAndGrad',
            problem: 'the value depends on none of the parameters',
            fix: 'compute it from the tensors that the function is given, without detach',
          })
        }
        for (const tensor of tensorsIn({ value, aux })) if (tape.idOf(tensor) !== undefined) tensor.tracker = undefined
        const gradients = tape.gradients(from, full([], 1, { backend: value.backend }), ids)
        return { value, aux, gradients: rebuild(parameters, gradients) }
      } finally {
        tape.dispose()
      }
    })
  }
}

/** Runs `f` with its parameters followed by the tape; afterwards they are as they were before. */
function forward<P extends ParameterTree, Aux>(
  f: (parameters: P) => Tensor | { readonly value: Tensor; readonly aux: Aux },
  parameters: P,
  watched: readonly Tensor[],
  tape: Tape,
): { value: Tensor; aux: Aux | undefined; ids: number[] } {
  // Taken over by this tape, a parameter would lose the outer one: its gradient would lack a part, without a word.
  if (recorderOf('valueAndGrad', watched) !== undefined) {
    throw new RnnError({
      code: 'E_NESTED_GRADIENT',
      operation: 'valueAndGrad',
      problem: 'a parameter is followed by another open gradient computation',
      fix: 'second-order gradients are not supported; pass detach(parameter)',
    })
  }
  const before = watched.map((tensor) => tensor.tracker)
  const ids = watched.map((tensor) => tape.watch(tensor))
  try {
    const [backend] = watched.map((tensor) => tensor.backend)
    const run = (): { value: Tensor; aux: Aux | undefined } => {
      const result = f(parameters)
      const { value, aux } = result instanceof Tensor ? { value: result, aux: undefined } : result
      if (value.dtype !== 'float32' || value.rank !== 0) {
        throw new RnnError({
          code: 'E_SHAPE',
          operation: 'valueAndGrad',
          problem: `the value is ${value.dtype} ${formatShape(value.shape)}, expected a float32 scalar`,
          fix: 'reduce it with mean or sum',
        })
      }
      // A parameter that is returned as it is stays the caller's own.
      return { value: watched.includes(value) ? aliasFollowed(value) : value, aux }
    }
    const { value, aux } = backend === undefined ? run() : scope(backend, run)
    return { value, aux, ids }
  } finally {
    tape.close()
    watched.forEach((tensor, i) => (tensor.tracker = before[i]))
  }
}

function aliasFollowed(tensor: Tensor): Tensor {
  const copy = alias(tensor)
  copy.tracker = tensor.tracker
  return copy
}

function rebuild<P extends ParameterTree>(parameters: P, gradients: readonly Tensor[]): GradientsOf<P> {
  // The cast states what the branches do: the same structure, tensor for tensor.
  if (parameters instanceof Tensor) return gradients[0] as GradientsOf<P>
  if (Array.isArray(parameters)) return gradients as unknown as GradientsOf<P>
  return Object.fromEntries(Object.keys(parameters).map((name, i) => [name, gradients[i]])) as GradientsOf<P>
}
