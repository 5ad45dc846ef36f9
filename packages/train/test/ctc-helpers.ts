// What the tests of CTC have in common: labels and logits as tensors, losses with their gradients.

import { valueAndGrad } from '@rnn/autodiff'
import { hostUniform, key, mul, sum, tensor, type Backend, type Tensor } from '@rnn/core'
import { ctcLosses, type CtcLossesOptions } from '../src/index.ts'
import type { RowReference } from './ctc-reference.ts'

export const ids = (values: readonly number[], backend: Backend, shape: readonly number[] = [values.length]): Tensor =>
  tensor(Int32Array.from(values), { backend, shape })

/** Rows filled up with −1. */
export function padded(
  rows: readonly (readonly number[])[],
  longest = Math.max(0, ...rows.map(({ length }) => length)),
): number[] {
  return rows.flatMap((row) => Array.from({ length: longest }, (_, i) => row[i] ?? -1))
}
export function labelTensor(rows: readonly (readonly number[])[], backend: Backend): Tensor {
  const values = padded(rows)
  return ids(values, backend, [rows.length, values.length / rows.length])
}

/** Random logits of `[batch, frames, classes]`, rounded to float32. */
export function randomLogits(batch: number, frames: number, classes: number, seed: number, scale = 4): number[][][] {
  const next = hostUniform(key(seed))
  const row = (): number[] => Array.from({ length: classes }, () => Math.fround(scale * (next() - 0.5)))
  return Array.from({ length: batch }, () => Array.from({ length: frames }, row))
}

export interface Measured {
  readonly losses: readonly number[]
  readonly gradients: readonly number[]
}

/** Losses and the gradients of their sum, weighted by 1, 2, 3, … */
export async function measure(
  logits: readonly (readonly (readonly number[])[])[],
  targets: Parameters<typeof ctcLosses>[1],
  options: CtcLossesOptions,
  backend: Backend,
): Promise<Measured> {
  const shape = [logits.length, logits[0]?.length ?? 0, logits[0]?.[0]?.length ?? 3]
  const x = tensor(Float32Array.from(logits.flat(2)), { backend, shape })
  const weights = tensor(Float32Array.from(logits, (_, i) => i + 1), { backend }) // prettier-ignore
  const { gradients, aux } = valueAndGrad((each: Tensor) => {
    const losses = ctcLosses(each, targets, options)
    return { value: sum(mul(losses, weights)), aux: losses }
  })(x)
  return { losses: [...(await aux.data())], gradients: [...(await gradients.data())] }
}

/** The references of rows as `measure` gives them; frames past a row's length have gradient 0. */
export function expectedOf(rows: readonly RowReference[], frames: number, classes: number): Measured {
  return {
    losses: rows.map(({ loss }) => loss),
    gradients: rows.flatMap(({ gradient }, i) =>
      Array.from(
        { length: frames * classes },
        (_, j) => (i + 1) * (gradient[Math.floor(j / classes)]?.[j % classes] ?? 0),
      ),
    ),
  }
}
