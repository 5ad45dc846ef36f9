// The loops of binary comparison. Masks are int32: 0 or 1.

import type { BinaryKind, ComparisonKind } from '@rnn/core'
import type { BinaryRun } from './binary.ts'

export const COMPARISONS: { readonly [Kind in ComparisonKind]: BinaryRun<Float32Array | Int32Array, Int32Array> } = {
  equal: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p] === b[q] ? 1 : 0
  },
  notEqual: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p] !== b[q] ? 1 : 0
  },
  less: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! < b[q]! ? 1 : 0
  },
  lessEqual: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! <= b[q]! ? 1 : 0
  },
  greater: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! > b[q]! ? 1 : 0
  },
  greaterEqual: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! >= b[q]! ? 1 : 0
  },
  and: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! !== 0 && b[q]! !== 0 ? 1 : 0
  },
  or: (a, p, ps, b, q, qs, out, o, os, count) => {
    for (let i = 0; i < count; i++, p += ps, q += qs, o += os) out[o] = a[p]! !== 0 || b[q]! !== 0 ? 1 : 0
  },
}

export function isComparison(kind: BinaryKind): kind is ComparisonKind {
  return kind in COMPARISONS
}
