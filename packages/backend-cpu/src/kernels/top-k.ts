// TopK: the largest elements of each row in descending order, with their places.

import { sizeOf } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'

export const topK: Kernel<'topK'> = (call, context) => {
  const [x] = call.inputs
  const [values, indices] = call.outputs
  const { k } = call.attributes
  const length = x.shape.at(-1)!
  const rows = length === 0 ? 0 : sizeOf(x.shape) / length
  const isFloat = x.dtype === 'float32'
  const source = isFloat ? context.floats(x) : context.ints(x)
  const target = isFloat ? context.floats(values) : context.ints(values)
  const places = context.ints(indices)
  const heap = context.scratch.ints('indices', k)
  for (let row = 0; row < rows; row++) {
    const from = startOf(x) + row * length
    const count = selectLargest(source, from, length, k, heap)
    for (let i = count - 1; i >= 0; i--) {
      // The root is the last of those left: it takes the last free place.
      const place = heap[0]!
      heap[0] = heap[i]!
      siftDown(source, from, heap, 0, i)
      target[startOf(values) + row * k + i] = source[from + place]!
      places[startOf(indices) + row * k + i] = place
    }
  }
}

/** Fills `heap` with the places of the k largest, the last of them in order at the root; returns how many. */
function selectLargest(
  x: Float32Array | Int32Array,
  from: number,
  length: number,
  k: number,
  heap: Int32Array,
): number {
  const count = Math.min(k, length)
  if (count === 0) return 0
  for (let i = 0; i < count; i++) heap[i] = i
  for (let i = (count >> 1) - 1; i >= 0; i--) siftDown(x, from, heap, i, count)
  for (let i = count; i < length; i++) {
    if (precedes(x, from, i, heap[0]!)) {
      heap[0] = i
      siftDown(x, from, heap, 0, count)
    }
  }
  return count
}

/** Restores the heap below `node`: each parent comes after its children in order. */
function siftDown(x: Float32Array | Int32Array, from: number, heap: Int32Array, node: number, count: number): void {
  const place = heap[node]!
  for (;;) {
    let child = 2 * node + 1
    if (child >= count) break
    if (child + 1 < count && precedes(x, from, heap[child]!, heap[child + 1]!)) child++
    if (precedes(x, from, heap[child]!, place)) break
    heap[node] = heap[child]!
    node = child
  }
  heap[node] = place
}

/** Whether element i comes before j: it is larger, or as large and earlier. NaN is larger than all. */
function precedes(x: Float32Array | Int32Array, from: number, i: number, j: number): boolean {
  const a = x[from + i]!
  const b = x[from + j]!
  if (a > b) return true
  if (a < b) return false
  const aIsNaN = a !== a
  return aIsNaN === (b !== b) ? i < j : aIsNaN
}
