// What each row of a batch counts for, and means by those weights.

import {
  arange,
  cast,
  div,
  formatShape,
  greater,
  less,
  logicalAnd,
  mean,
  mul,
  notEqual,
  reshape,
  RnnError,
  sameShape,
  select,
  sum,
} from '@rnn/core'
import type { Shape, Tensor } from '@rnn/core'
import type { LossContext, MeasuredLoss } from './loss.ts'

/**
 * Which time steps count, by lengths and by what the model left out: bool `[batch, time]` followed by ones up to the rank of `rows`. Undefined where
 * all do or the rows have no time steps.
 *
 * @param rows the shape of what is averaged, `[batch]` or `[batch, time, …]`
 */
export function stepsThatCount(
  operation: string,
  rows: Shape,
  { lengths, counted }: Pick<LossContext, 'lengths' | 'counted'>,
): Tensor | undefined {
  const [batch = 0, time, ...rest] = rows
  if (time === undefined) return undefined
  const within = lengths && withinLengths(operation, batch, time, lengths)
  const present = counted !== undefined && sameShape(counted.shape, [batch, time]) ? counted : undefined
  const mask = within && present ? logicalAnd(within, present) : (within ?? present)
  return mask && reshape(mask, [batch, time, ...rest.map(() => 1)])
}

function withinLengths(operation: string, batch: number, time: number, lengths: Tensor): Tensor {
  if (!sameShape(lengths.shape, [batch])) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `lengths have shape ${formatShape(lengths.shape)}, expected [${batch}], one for each row of the batch`,
    })
  }
  const steps = arange(time, { backend: lengths.backend })
  return less(reshape(steps, [1, time]), reshape(lengths, [batch, 1]))
}

/** The weights of samples or time steps, with ones up to the rank of `rows`. @throws E_SHAPE, E_DTYPE */
export function shapedWeights(operation: string, rows: Shape, sampleWeights: Tensor | undefined): Tensor | undefined {
  if (sampleWeights === undefined) return undefined
  const { shape, dtype } = sampleWeights
  if (shape.length === 0 || shape.length > rows.length || !sameShape(shape, rows.slice(0, shape.length))) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `sample weights have shape ${formatShape(shape)}, the losses ${formatShape(rows)}`,
      fix: 'give one weight for each sample, [batch], or for each time step, [batch, time]',
    })
  }
  if (dtype !== 'float32') {
    throw new RnnError({ code: 'E_DTYPE', operation, problem: `sample weights are ${dtype}, expected float32` })
  }
  return reshape(sampleWeights, [...shape, ...rows.slice(shape.length).map(() => 1)])
}

/** What each row or element counts for; both are broadcast, and undefined where everything counts 1. */
export interface Weights {
  readonly factors: Tensor | undefined
  /**
   * bool: which ones count at all. The others may be anything, NaN as well, and NaN times 0 is NaN: so `masked` puts 0 in their place before the
   * arithmetic, where the gradient of that arithmetic reads it, else after it.
   */
  readonly counted: Tensor | undefined
}

/**
 * Lengths and sample weights as weights of `rows`: `[batch]`, or `[batch, time, …]`, where lengths count.
 *
 * @throws E_SHAPE, E_DTYPE
 */
export function rowWeights(operation: string, rows: Shape, context: LossContext): Weights {
  const { sampleWeights } = context
  const within = stepsThatCount(operation, rows, context)
  const weights = shapedWeights(operation, rows, sampleWeights)
  const weighed = weights && notEqual(weights, 0)
  return {
    factors: product(within && cast(within, 'float32'), weights),
    counted: within && weighed ? logicalAnd(within, weighed) : (within ?? weighed),
  }
}

/**
 * As `rowWeights`, for each element of `outputs`: `[batch, …]`, or `[batch, time, …, features]`, where lengths count.
 *
 * @throws E_SHAPE, E_DTYPE
 */
export function elementWeights(operation: string, { shape, rank }: Tensor, context: LossContext): Weights {
  return rowWeights(operation, shape, rank >= 3 ? context : { sampleWeights: context.sampleWeights })
}

/** `x`, with 0 where nothing counts. */
export function masked(x: Tensor, counted: Tensor | undefined): Tensor {
  return counted === undefined ? x : select(counted, x, 0)
}

/** The product of those factors that are there. */
export function product(...factors: readonly (Tensor | undefined)[]): Tensor | undefined {
  return factors.reduce(
    (left, right) => (left === undefined || right === undefined ? (left ?? right) : mul(left, right)),
    undefined,
  )
}

/** `Σ factors·values / Σ factors` over all elements; the plain mean without factors. Values that don't count are masked already. */
export function weightedMean(values: Tensor, { factors }: Weights): MeasuredLoss {
  if (factors === undefined) return { mean: mean(values), weight: values.size }
  const repeats = factors.size === 0 ? 1 : values.size / factors.size
  const total = sum(factors)
  return quotient(sum(mul(values, factors)), repeats === 1 ? total : mul(total, repeats))
}

/** `total / weight`, and 0 where nothing counts: a batch of ignored labels must not stop a training run with 0/0. */
export function quotient(total: Tensor, weight: Tensor): MeasuredLoss {
  return { mean: div(total, select(greater(weight, 0), weight, 1)), weight }
}

/** Targets in the shape and dtype of the outputs: a last axis of length 1 may be missing. @throws E_SHAPE */
export function matchingTargets(operation: string, outputs: Tensor, targets: Tensor): Tensor {
  const { shape } = outputs
  const fits = sameShape(targets.shape, shape) || (shape.at(-1) === 1 && sameShape(targets.shape, shape.slice(0, -1)))
  if (!fits) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `targets have shape ${formatShape(targets.shape)}, the model's outputs ${formatShape(shape)}`,
      fix: 'both must have one shape; does the last layer have as many units as there are targets?',
    })
  }
  return reshape(cast(targets, 'float32'), shape)
}
