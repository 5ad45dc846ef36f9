/** Cells written as a user of `@rnn/core` writes them: no backend knows them, so they run and train by the generic scan. */

import {
  add,
  defineCell,
  glorotUniform,
  lerp,
  linear,
  mul,
  orthogonal,
  sigmoid,
  split,
  tanh,
  zeroInitializer,
  type Cell,
  type ParameterSpec,
  type Tensor,
} from '@rnn/core'

type Name = 'kernel' | 'recurrent' | 'bias'

const parameters =
  (gates: number) =>
  (inputSize: number, units: number): Record<Name, ParameterSpec> => ({
    kernel: { shape: [inputSize, gates * units], initializer: glorotUniform },
    recurrent: { shape: [units, gates * units], initializer: orthogonal },
    bias: { shape: [gates * units], initializer: zeroInitializer },
  })

/** Minimal gated unit (Zhou et al. 2016), with the gate after the recurrent product. */
export const minimalGatedCell: Cell = defineCell<Name, readonly [h: Tensor]>({
  kind: 'minimalGated',
  gates: 2,
  stateSizes: (units) => [units],
  parameters: parameters(2),
  project: (x, { kernel, bias }) => linear(x, kernel, bias),
  step(projected, [h], { recurrent }) {
    const [xf, xn] = split(projected, 2)
    const [hf, hn] = split(linear(h, recurrent), 2)
    const f = sigmoid(add(xf, hf))
    return [lerp(h, tanh(add(xn, mul(f, hn))), f)] // h' = (1 − f)·h + f·tanh(xn + f·hn)
  },
})

/** GRU with the reset before the recurrent product (Cho et al. 2014, v1; the only one of tfjs-layers). Gate order r, z, n. Checks others; it is not timed. */
export const resetBeforeGruCell: Cell = defineCell<Name, readonly [h: Tensor]>({
  kind: 'gruResetBefore',
  gates: 3,
  stateSizes: (units) => [units],
  parameters: parameters(3),
  project: (x, { kernel, bias }) => linear(x, kernel, bias),
  step(projected, [h], { recurrent }) {
    const [xr, xz, xn] = split(projected, 3)
    const [recurrentR, recurrentZ, recurrentN] = split(recurrent, 3)
    const r = sigmoid(add(xr, linear(h, recurrentR)))
    const z = sigmoid(add(xz, linear(h, recurrentZ)))
    const n = tanh(add(xn, linear(mul(r, h), recurrentN)))
    return [lerp(n, h, z)] // h' = (1 − z)·n + z·h
  },
})

/** What brain.js calls an LSTM: it has no cell state, and keeps a share of the hidden state instead. Gate order i, f, g, o. Checks others; it is not timed. */
export const lstmWithoutCellCell: Cell = defineCell<Name, readonly [h: Tensor]>({
  kind: 'lstmWithoutCell',
  gates: 4,
  stateSizes: (units) => [units],
  parameters: parameters(4),
  project: (x, { kernel, bias }) => linear(x, kernel, bias),
  step(projected, [h], { recurrent }) {
    const [i, f, g, o] = split(add(projected, linear(h, recurrent)), 4)
    const c = add(mul(sigmoid(f), h), mul(sigmoid(i), tanh(g)))
    return [mul(sigmoid(o), tanh(c))]
  },
})
