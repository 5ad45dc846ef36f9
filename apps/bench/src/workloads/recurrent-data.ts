/** The weights and inputs of a recurrent task. Every subject makes the same ones from the same seeds. */

import { gatesOf, type RecurrentTask } from './workload.ts'

/**
 * Host arrays in the layout of `@rnn/core`'s cells: input `[B, T, I]`, target `[B, T, H]`, kernel `[I, G·H]`, recurrent `[H, G·H]`, biases `[G·H]`, gates in PyTorch's order (i f g o; r z n).
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

/** Makes the data of a task. */
export function recurrentData({ cell, sizes }: RecurrentTask): RecurrentData {
  const { batch, time, inputSize, units } = sizes
  const columns = gatesOf(cell) * units
  return {
    input: uniform(1, batch * time * inputSize, 1),
    target: uniform(2, batch * time * units, 1),
    kernel: uniform(3, inputSize * columns, Math.sqrt(3 / inputSize)),
    recurrent: uniform(4, units * columns, Math.sqrt(1 / units)),
    bias: uniform(5, columns, 0.5),
    recurrentBias: uniform(6, columns, 0.5),
  }
}

/** `length` numbers from −limit to limit, by the Mulberry32 generator. */
function uniform(seed: number, length: number, limit: number): Float32Array {
  let state = Math.imul(seed, 0x9e3779b9)
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return limit * (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1)
  })
}

/** Adam's settings in every training step of the bench: the defaults of Keras and TensorFlow.js. */
export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const
