// Element-wise functions of two arguments, with NumPy's broadcasting. The loops themselves are in arithmetic.ts and comparison.ts.

import type { Operand } from '@rnn/core'
import type { Kernel, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { advance, planWalk, stridesOver } from '../strided.ts'
import { FLOAT_ARITHMETIC, INT_ARITHMETIC, isFloatArithmetic, isIntArithmetic } from './arithmetic.ts'
import { asDType } from './fill.ts'
import { COMPARISONS, isComparison } from './comparison.ts'

/** A loop over one run; each argument moves by its step. */
export type BinaryRun<From, To> = (
  a: From,
  p: number,
  aStep: number,
  b: From,
  q: number,
  bStep: number,
  out: To,
  o: number,
  outStep: number,
  count: number,
) => void

export const binary: Kernel<'binary'> = (call, context) => {
  const [a, b] = call.inputs
  const [out] = call.outputs
  const { kind, scalar = 0 } = call.attributes
  const { shape } = out
  const walk = planWalk(
    shape,
    [strides(a, shape), strides(b, shape), stridesOver(out, shape)],
    [a === null ? 0 : startOf(a), b === null ? 0 : startOf(b), startOf(out)],
  )
  const { count, runs, offsets } = walk
  const [aStep, bStep, outStep] = walk.steps as readonly [number, number, number]
  const each = <From, To>(run: BinaryRun<From, To>, from: From, other: From, to: To): void => {
    for (let i = 0; i < runs; i++) {
      run(from, offsets[0]!, aStep, other, offsets[1]!, bStep, to, offsets[2]!, outStep, count)
      advance(walk)
    }
  }
  const isFloat = (a ?? b)!.dtype === 'float32'
  if (isComparison(kind)) {
    if (isFloat) each(COMPARISONS[kind], floats(a, scalar, context), floats(b, scalar, context), context.ints(out))
    else each(COMPARISONS[kind], ints(a, scalar, context), ints(b, scalar, context), context.ints(out))
  } else if (isFloat && isFloatArithmetic(kind)) {
    each(FLOAT_ARITHMETIC[kind], floats(a, scalar, context), floats(b, scalar, context), context.floats(out))
  } else if (isIntArithmetic(kind)) {
    each(INT_ARITHMETIC[kind], ints(a, scalar, context), ints(b, scalar, context), context.ints(out))
  }
}

function strides(operand: Operand | null, shape: readonly number[]): number[] {
  return operand === null ? new Array<number>(shape.length).fill(0) : stridesOver(operand, shape)
}

function floats(operand: Operand | null, scalar: number, context: KernelContext): Float32Array {
  return operand === null ? new Float32Array([scalar]) : context.floats(operand)
}

function ints(operand: Operand | null, scalar: number, context: KernelContext): Int32Array {
  return operand === null ? new Int32Array([asDType(scalar, 'int32')]) : context.ints(operand)
}
