// The loops of binary arithmetic: one per function, which an engine compiles for its own types.

import type { ArithmeticKind, BinaryKind } from '@rnn/core'
import type { BinaryRun } from './binary.ts'

type FloatRun = BinaryRun<Float32Array, Float32Array>
type IntRun = BinaryRun<Int32Array, Int32Array>
type IntArithmeticKind = Exclude<ArithmeticKind, 'power' | 'tanhGradient' | 'sigmoidGradient'>

export const FLOAT_ARITHMETIC: { readonly [Kind in ArithmeticKind]: FloatRun } = {
  add: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! + b[q]!
  },
  subtract: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! - b[q]!
  },
  multiply: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! * b[q]!
  },
  divide: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! / b[q]!
  },
  remainder: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! % b[q]!
  },
  power: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! ** b[q]!
  },
  minimum: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = Math.min(a[p]!, b[q]!)
  },
  maximum: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = Math.max(a[p]!, b[q]!)
  },
  tanhGradient: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = b[q]! * (1 - a[p]! * a[p]!)
  },
  sigmoidGradient: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = b[q]! * a[p]! * (1 - a[p]!)
  },
  reluGradient: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! > 0 ? b[q]! : 0
  },
}

export const INT_ARITHMETIC: { readonly [Kind in IntArithmeticKind]: IntRun } = {
  add: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! + b[q]!
  },
  subtract: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! - b[q]!
  },
  multiply: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = Math.imul(a[p]!, b[q]!)
  },
  // An int32 store takes the integer part, and 0 for x / 0.
  divide: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! / b[q]!
  },
  remainder: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! % b[q]!
  },
  minimum: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = Math.min(a[p]!, b[q]!)
  },
  maximum: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = Math.max(a[p]!, b[q]!)
  },
  reluGradient: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! > 0 ? b[q]! : 0
  },
}

export function isFloatArithmetic(kind: BinaryKind): kind is ArithmeticKind {
  return kind in FLOAT_ARITHMETIC
}

export function isIntArithmetic(kind: BinaryKind): kind is IntArithmeticKind {
  return kind in INT_ARITHMETIC
}
