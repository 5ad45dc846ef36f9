// Unary, binary and select: a kind by number, and a walk of the operands.

import type { BinaryKind, UnaryKind } from '@rnn/core'
import { addressOf } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'
import { asDType } from './fill.ts'

/** Working memory of a part: its share of the walk, and constants four times over. */
const SCRATCH = 64

// The numbers of assembly/unary.ts.
const FLOAT_UNARY: { readonly [Kind in Exclude<UnaryKind, 'not'>]: number } = {
  negate: 0,
  absolute: 1,
  sign: 2,
  exp: 3,
  log: 4,
  log1p: 5,
  sqrt: 6,
  reciprocalSqrt: 7,
  reciprocal: 8,
  square: 9,
  tanh: 10,
  sigmoid: 11,
  relu: 12,
  softplus: 13,
  floor: 14,
  ceil: 15,
  round: 16,
  isNaN: 17,
}
const INT_UNARY: { readonly [Kind in UnaryKind]?: number } = {
  negate: 18,
  absolute: 19,
  sign: 20,
  square: 21,
  relu: 22,
  not: 23,
}

// The numbers of assembly/binary.ts.
const FLOAT_BINARY: { readonly [Kind in BinaryKind]?: number } = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
  remainder: 4,
  power: 5,
  minimum: 6,
  maximum: 7,
  tanhGradient: 8,
  sigmoidGradient: 9,
  reluGradient: 10,
  equal: 11,
  notEqual: 12,
  less: 13,
  lessEqual: 14,
  greater: 15,
  greaterEqual: 16,
}
const INT_BINARY: { readonly [Kind in BinaryKind]?: number } = {
  add: 17,
  subtract: 18,
  multiply: 19,
  divide: 20,
  remainder: 21,
  minimum: 22,
  maximum: 23,
  reluGradient: 24,
  equal: 25,
  notEqual: 26,
  less: 27,
  lessEqual: 28,
  greater: 29,
  greaterEqual: 30,
  and: 31,
  or: 32,
}

export const unary: Kernel<'unary'> = (call, machine) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const { kind } = call.attributes
  const { walk } = machine
  walk.plan(out.shape, [x, out])
  if (walk.size === 0) return
  const parts = machine.partsFor(walk.size)
  const number = x.dtype === 'float32' ? FLOAT_UNARY[kind as Exclude<UnaryKind, 'not'>] : INT_UNARY[kind]!
  walk.write(machine.begin(parts, SCRATCH).int(number), addressOf(x, machine), addressOf(out, machine))
  machine.run('unary')
}

export const binary: Kernel<'binary'> = (call, machine) => {
  const [a, b] = call.inputs
  const [out] = call.outputs
  const { kind, scalar = 0 } = call.attributes
  const { walk } = machine
  walk.plan(out.shape, [a, b, out])
  if (walk.size === 0) return
  const parts = machine.partsFor(walk.size)
  const isFloat = (a ?? b)!.dtype === 'float32'
  const number = (isFloat ? FLOAT_BINARY : INT_BINARY)[kind]!
  const value = isFloat ? scalar : asDType(scalar, 'int32')
  const p = a === null ? machine.constant(0, value, isFloat) : addressOf(a, machine)
  const q = b === null ? machine.constant(1, value, isFloat) : addressOf(b, machine)
  walk.write(machine.begin(parts, SCRATCH).int(number), p, q, addressOf(out, machine))
  machine.run('binary')
}

export const select: Kernel<'select'> = (call, machine) => {
  const [mask, a, b] = call.inputs
  const [out] = call.outputs
  const { scalar = 0 } = call.attributes
  const { walk } = machine
  walk.plan(out.shape, [mask, a, b, out])
  if (walk.size === 0) return
  const parts = machine.partsFor(walk.size)
  const isFloat = out.dtype === 'float32'
  const value = isFloat ? scalar : asDType(scalar, out.dtype)
  const p = a === null ? machine.constant(0, value, isFloat) : addressOf(a, machine)
  const q = b === null ? machine.constant(1, value, isFloat) : addressOf(b, machine)
  walk.write(machine.begin(parts, SCRATCH).int(0), addressOf(mask, machine), p, q, addressOf(out, machine))
  machine.run('select')
}
