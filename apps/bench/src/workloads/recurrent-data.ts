/** The weights and inputs of a recurrent task. Every subject makes the same ones from the same seeds. */

import { uniform } from './random.ts'
import { gatesOf, outputSizeOf, type CellKind, type Sizes } from './workload.ts'

/**
 * Host arrays in the layout of `@rnn/core`'s cells: input `[B, T, I]`, target `[B, T, H]`, kernel `[I, G·H]`, recurrent `[H, G·H]` (of an IndRNN `[H]`), biases `[G·H]`, gates in PyTorch's order (i f g o; r z n).
 * Every gate has weights of its own, so that swapped gates show.
 */
export interface RecurrentData {
  readonly input: Float32Array
  readonly target: Float32Array
  readonly kernel: Float32Array
  readonly recurrent: Float32Array
  readonly bias: Float32Array
  /** For the GRU with the reset after the recurrent product. */
  readonly recurrentBias: Float32Array
}

/** That, with what cells with options have beside it. */
export interface CellData extends RecurrentData {
  /** For peepholes: `[G − 1, H]`. */
  readonly peephole: Float32Array
  /** For a hidden state narrower than the cell: `[H, P]`. */
  readonly projection: Float32Array
  /** For layer normalisation: gains of the products `[G·H]`, gain and bias of the cell `[H]`. */
  readonly kernelGain: Float32Array
  readonly recurrentGain: Float32Array
  readonly cellGain: Float32Array
  readonly cellBias: Float32Array
}

/** Makes the data of a layer; `seed` sets several layers apart. */
export function recurrentData({ cell, sizes }: { cell: CellKind; sizes: Sizes }, seed = 0): CellData {
  const { batch, time, inputSize, units } = sizes
  const columns = gatesOf(cell) * units
  const hidden = outputSizeOf(cell, units)
  return {
    input: uniform(seed + 1, batch * time * inputSize, 1),
    target: uniform(seed + 2, batch * time * hidden, 1),
    kernel: uniform(seed + 3, inputSize * columns, Math.sqrt(3 / inputSize)),
    recurrent: uniform(seed + 4, cell === 'indRnn' ? units : hidden * columns, Math.sqrt(1 / hidden)),
    bias: uniform(seed + 5, columns, 0.5),
    recurrentBias: uniform(seed + 6, columns, 0.5),
    peephole: uniform(seed + 7, columns - units, 0.5),
    projection: uniform(seed + 8, units * hidden, Math.sqrt(3 / units)),
    kernelGain: uniform(seed + 9, columns, 1),
    recurrentGain: uniform(seed + 10, columns, 1),
    cellGain: uniform(seed + 11, units, 1),
    cellBias: uniform(seed + 12, units, 0.5),
  }
}

/** Adam's settings in every training step of the bench: the defaults of Keras and TensorFlow.js. */
export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const
