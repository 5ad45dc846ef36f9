/** Single ops on large arrays, to see what a device reaches of what it could: `matmul-4096` and `add-16777216`. */

import { uniform } from './random.ts'
import type { AddTask, MatmulTask, Task, WorkloadFamily } from './workload.ts'

/** Rows of a product that are compared: a processor would take minutes over all of them. */
const COMPARED_ROWS = 16
/** Elements of a sum that are compared. */
const COMPARED_ELEMENTS = 2 ** 16

/** The family of the products of square matrices. None runs unasked: on a processor, large ones take minutes. */
export const matmul: WorkloadFamily = {
  form: 'matmul-N',
  defaults: [],
  parse(id) {
    const size = numberOf(id, /^matmul-([1-9]\d{0,4})$/)
    return size === undefined ? undefined : single(id, 'product of matrices', { kind: 'matmul', size }, 2 * size ** 3)
  },
}

/** The family of the sums. */
export const add: WorkloadFamily = {
  form: 'add-N',
  defaults: [],
  parse(id) {
    const elements = numberOf(id, /^add-([1-9]\d{0,8})$/)
    return elements === undefined ? undefined : single(id, 'sum of arrays', { kind: 'add', elements }, elements)
  },
}

function numberOf(id: string, form: RegExp): number | undefined {
  const text = form.exec(id)?.[1]
  return text === undefined ? undefined : Number(text)
}

function single(id: string, title: string, task: Task, flop: number): ReturnType<WorkloadFamily['parse']> {
  return { id, title, cases: [{ name: '', task, flop }], bars: [] }
}

/** Two arrays: the factors `[N, N]` of a product, or the terms `[N]` of a sum. */
export interface ArrayPair {
  readonly a: Float32Array
  readonly b: Float32Array
}

/** Makes them. */
export function arrayPair(task: MatmulTask | AddTask): ArrayPair {
  const length = task.kind === 'matmul' ? task.size ** 2 : task.elements
  return { a: uniform(1, length, 1), b: uniform(2, length, 1) }
}

/** The rows of a product that are compared, from all parts of it. */
export function comparedRows({ size }: MatmulTask): number[] {
  const count = Math.min(size, COMPARED_ROWS)
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * size) / count))
}

/** Those rows of a matrix `[N, N]`, one after another. */
export function pickRows(values: Float32Array, task: MatmulTask): Float32Array {
  const { size } = task
  const rows = comparedRows(task)
  const picked = new Float32Array(rows.length * size)
  rows.forEach((row, i) => picked.set(values.subarray(row * size, (row + 1) * size), i * size))
  return picked
}

/** The elements of a sum that are compared, from all parts of it. */
export function pickElements(values: Float32Array): Float32Array {
  const count = Math.min(values.length, COMPARED_ELEMENTS)
  return Float32Array.from({ length: count }, (_, i) => values[Math.floor(((i + 0.5) * values.length) / count)]!)
}
