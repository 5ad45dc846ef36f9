// Copy, cast and in-place accumulation, with rows on both sides.

import { sizeOf } from '@rnn/core'
import type { DType, Operand } from '@rnn/core'
import type { Kernel, KernelContext } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const copy: Kernel<'copy'> = (call, context) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const count = sizeOf(out.shape)
  // Shapes may differ, and so may row lengths: the copy goes by stretches that lie in one row on both sides.
  const xRow = x.rowLength ?? count
  const xJump = (x.rowStride ?? xRow) - xRow
  const outRow = out.rowLength ?? count
  const outJump = (out.rowStride ?? outRow) - outRow
  const copyRun = runFor(x, out, call.attributes.accumulate, context)
  let from = startOf(x)
  let to = startOf(out)
  let xLeft = xRow
  let outLeft = outRow
  for (let done = 0; done < count;) {
    const length = Math.min(xLeft, outLeft, count - done)
    copyRun(from, to, length)
    done += length
    from += length
    to += length
    if ((xLeft -= length) === 0) {
      from += xJump
      xLeft = xRow
    }
    if ((outLeft -= length) === 0) {
      to += outJump
      outLeft = outRow
    }
  }
}

type CopyRun = (from: number, to: number, count: number) => void

function runFor(x: Operand, out: Operand, accumulate: boolean, context: KernelContext): CopyRun {
  if (accumulate) {
    if (out.dtype === 'float32') {
      const [source, target] = [context.floats(x), context.floats(out)]
      return (from, to, count) => addFloats(source, from, target, to, count)
    }
    const [source, target] = [context.ints(x), context.ints(out)]
    return (from, to, count) => addInts(source, from, target, to, count)
  }
  if (storedAs(x.dtype) === storedAs(out.dtype) && !(out.dtype === 'bool' && x.dtype === 'int32')) {
    const [source, target] = [context.ints(x), context.ints(out)]
    return (from, to, count) => copyWords(source, from, target, to, count)
  }
  if (out.dtype === 'float32') {
    const [source, target] = [context.ints(x), context.floats(out)]
    return (from, to, count) => intsToFloats(source, from, target, to, count)
  }
  const target = context.ints(out)
  if (out.dtype === 'bool') {
    const source = x.dtype === 'float32' ? context.floats(x) : context.ints(x)
    return (from, to, count) => toBools(source, from, target, to, count)
  }
  const source = context.floats(x)
  return (from, to, count) => floatsToInts(source, from, target, to, count)
}

function storedAs(dtype: DType): 'float32' | 'int32' {
  return dtype === 'float32' ? 'float32' : 'int32'
}

/** Below this many words a loop is faster than the call of `set`. */
const LOOP_WORDS = 24

/** Moves words unchanged, whatever they stand for. */
export function copyWords(source: Int32Array, from: number, target: Int32Array, to: number, count: number): void {
  if (count > LOOP_WORDS) target.set(source.subarray(from, from + count), to)
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i]!
}

/** Moves words unchanged, with a step on either side. */
export function copyStrided(
  source: Int32Array,
  from: number,
  fromStep: number,
  target: Int32Array,
  to: number,
  toStep: number,
  count: number,
): void {
  if (fromStep === 1 && toStep === 1) copyWords(source, from, target, to, count)
  else for (let i = 0; i < count; i++, from += fromStep, to += toStep) target[to] = source[from]!
}

function addFloats(source: Float32Array, from: number, target: Float32Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) target[to + i] = target[to + i]! + source[from + i]!
}

function addInts(source: Int32Array, from: number, target: Int32Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) target[to + i] = target[to + i]! + source[from + i]!
}

function intsToFloats(source: Int32Array, from: number, target: Float32Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) target[to + i] = source[from + i]!
}

function toBools(source: Int32Array | Float32Array, from: number, target: Int32Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) target[to + i] = source[from + i] !== 0 ? 1 : 0
}

/** Toward zero, saturating; NaN gives 0. */
function floatsToInts(source: Float32Array, from: number, target: Int32Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = source[from + i]!
    target[to + i] = value >= 2147483647 ? 2147483647 : value <= -2147483648 ? -2147483648 : value
  }
}
