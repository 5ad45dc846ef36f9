// Element-wise functions of one argument.

import type { UnaryKind } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { exp, sigmoid, tanh } from '../math.ts'
import { advance, planWalk, stridesOver } from '../strided.ts'

type Run<From, To> = (x: From, p: number, xStep: number, out: To, o: number, outStep: number, count: number) => void
type FloatRun = Run<Float32Array, Float32Array>
type IntRun = Run<Int32Array, Int32Array>

export const unary: Kernel<'unary'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { kind } = call.attributes
  const walk = planWalk(out.shape, [stridesOver(x, out.shape), stridesOver(out, out.shape)], [startOf(x), startOf(out)])
  const { count, runs, offsets } = walk
  const [xStep, outStep] = walk.steps as readonly [number, number]
  const each = <From, To>(run: Run<From, To>, from: From, to: To): void => {
    for (let i = 0; i < runs; i++) {
      run(from, offsets[0]!, xStep, to, offsets[1]!, outStep, count)
      advance(walk)
    }
  }
  if (kind === 'isNaN') each(isNaNRun, context.floats(x), context.ints(out))
  else if (x.dtype === 'float32') each(FLOAT_RUNS[kind as FloatKind], context.floats(x), context.floats(out))
  else each(INT_RUNS[kind as IntKind], context.ints(x), context.ints(out))
}

type IntKind = 'negate' | 'absolute' | 'sign' | 'square' | 'relu' | 'not'
type FloatKind = Exclude<UnaryKind, 'isNaN' | 'not'>

const isNaNRun: Run<Float32Array, Int32Array> = (x, p, xs, out, o, os, count) => {
  for (let i = 0; i < count; i++, p += xs, o += os) out[o] = x[p] !== x[p] ? 1 : 0
}

// One loop per function: an engine compiles each for its own types, with nothing to look up per element.
const FLOAT_RUNS: { readonly [Kind in FloatKind]: FloatRun } = {
  negate: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = -x[p]!
  },
  absolute: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.abs(x[p]!)
  },
  sign: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.sign(x[p]!)
  },
  exp: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = exp(x[p]!)
  },
  log: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.log(x[p]!)
  },
  log1p: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.log1p(x[p]!)
  },
  sqrt: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.sqrt(x[p]!)
  },
  reciprocalSqrt: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = 1 / Math.sqrt(x[p]!)
  },
  reciprocal: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = 1 / x[p]!
  },
  square: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = x[p]! * x[p]!
  },
  tanh: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = tanh(x[p]!)
  },
  sigmoid: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = sigmoid(x[p]!)
  },
  // x < 0 rather than x > 0: NaN goes through.
  relu: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = x[p]! < 0 ? 0 : x[p]!
  },
  // log(1 + eˣ) without overflow: max(x, 0) + log1p(e^−|x|).
  softplus: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) {
      out[o] = Math.max(x[p]!, 0) + Math.log1p(exp(-Math.abs(x[p]!)))
    }
  },
  floor: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.floor(x[p]!)
  },
  ceil: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.ceil(x[p]!)
  },
  round: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = roundToEven(x[p]!)
  },
}

const INT_RUNS: { readonly [Kind in IntKind]: IntRun } = {
  negate: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = -x[p]!
  },
  absolute: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.abs(x[p]!)
  },
  sign: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.sign(x[p]!)
  },
  square: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.imul(x[p]!, x[p]!)
  },
  relu: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = Math.max(x[p]!, 0)
  },
  not: (x, p, xs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += xs, o += os) out[o] = x[p] === 0 ? 1 : 0
  },
}

/** To the nearest integer, ties to the even one; −0.4 gives −0, as IEEE 754 has it. */
function roundToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)
  return up ? (floor === -1 ? -0 : floor + 1) : floor
}
