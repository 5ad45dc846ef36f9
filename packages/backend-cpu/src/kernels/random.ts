// Keyed random numbers: element i from counter i, the same on every backend.

import { sizeOf, threefry2x32 } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const random: Kernel<'random'> = (call, context) => {
  const [key] = call.inputs
  const [out] = call.outputs
  const { attributes } = call
  const words = context.ints(key)
  const k0 = words[startOf(key)]!
  const k1 = words[startOf(key) + 1]!
  const start = startOf(out)
  const count = sizeOf(out.shape)
  const block = context.scratch.ints('indices', 2)
  switch (attributes.kind) {
    case 'bits':
      return fillBits(k0, k1, block, context.ints(out), start, count)
    case 'uniform':
      return fillUniform(k0, k1, block, context.floats(out), start, count)
    case 'normal':
      return fillNormal(k0, k1, block, context.floats(out), start, count)
    case 'bernoulli': {
      const threshold = Math.round(attributes.probability * 2 ** 24)
      const target = out.dtype === 'float32' ? context.floats(out) : context.ints(out)
      return fillBernoulli(k0, k1, block, target, start, count, threshold)
    }
  }
}

function fillBits(k0: number, k1: number, block: Int32Array, out: Int32Array, o: number, count: number): void {
  for (let i = 0; i < count; i++) {
    if ((i & 1) === 0) threefry2x32(k0, k1, i >> 1, 0, block)
    out[o + i] = block[i & 1]!
  }
}

function fillUniform(k0: number, k1: number, block: Int32Array, out: Float32Array, o: number, count: number): void {
  for (let i = 0; i < count; i++) {
    if ((i & 1) === 0) threefry2x32(k0, k1, i >> 1, 0, block)
    out[o + i] = (block[i & 1]! >>> 8) * 2 ** -24
  }
}

function fillNormal(k0: number, k1: number, block: Int32Array, out: Float32Array, o: number, count: number): void {
  for (let i = 0; i < count; i++) {
    threefry2x32(k0, k1, i, 0, block)
    const u = ((block[0]! >>> 8) + 1) * 2 ** -24
    const v = (block[1]! >>> 8) * 2 ** -24
    out[o + i] = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
  }
}

function fillBernoulli(
  k0: number,
  k1: number,
  block: Int32Array,
  out: Float32Array | Int32Array,
  o: number,
  count: number,
  threshold: number,
): void {
  for (let i = 0; i < count; i++) {
    if ((i & 1) === 0) threefry2x32(k0, k1, i >> 1, 0, block)
    out[o + i] = block[i & 1]! >>> 8 < threshold ? 1 : 0
  }
}
