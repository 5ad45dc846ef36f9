// The reference for ops that move elements.

import { RnnError, sizeOf, stridesOf } from '@rnn/core'
import { positionOf, type HostCallOf, type HostTensor } from '../host-tensor.ts'

export function transpose(call: HostCallOf<'transpose'>): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const strides = stridesOf(x.shape)
  for (let i = 0; i < out.values.length; i++) {
    const at = positionOf(out.shape, i)
    out.values[i] = x.values[call.attributes.permutation.reduce((sum, axis, to) => sum + at[to]! * strides[axis]!, 0)]!
  }
}

export function concat(call: HostCallOf<'concat'>): void {
  const [out] = call.outputs
  const { axis } = call.attributes
  const inner = sizeOf(out.shape.slice(axis + 1))
  const width = out.shape[axis]! * inner
  let start = 0
  for (const x of call.inputs) {
    const own = x.shape[axis]! * inner
    x.values.forEach((value, i) => (out.values[Math.floor(i / own) * width + start + (i % own)] = value))
    start += own
  }
}

export function pad(call: HostCallOf<'pad'>): void {
  const [x] = call.inputs
  const [out] = call.outputs
  const { before, value } = call.attributes
  const strides = stridesOf(out.shape)
  out.values.fill(value)
  x.values.forEach((element, i) => {
    const at = positionOf(x.shape, i)
    out.values[at.reduce((sum, place, axis) => sum + (place + before[axis]!) * strides[axis]!, 0)] = element
  })
}

export function gather(call: HostCallOf<'gather'>): void {
  const [table, indices] = call.inputs
  const [out] = call.outputs
  const row = sizeOf(table.shape.slice(1))
  checkIndices('gather', indices, table.shape[0]!)
  indices.values.forEach((index, i) => {
    for (let j = 0; j < row; j++) out.values[i * row + j] = index === -1 ? 0 : table.values[index * row + j]!
  })
}

export function scatterAdd(call: HostCallOf<'scatterAdd'>): void {
  const [indices, updates] = call.inputs
  const [table] = call.outputs
  const row = sizeOf(table.shape.slice(1))
  checkIndices('scatterAdd', indices, table.shape[0]!)
  indices.values.forEach((index, i) => {
    if (index === -1) return
    for (let j = 0; j < row; j++) {
      const sum = table.values[index * row + j]! + updates.values[i * row + j]!
      table.values[index * row + j] = table.dtype === 'int32' ? sum | 0 : sum
    }
  })
}

/** @throws E_INDEX_RANGE for an index other than −1 outside `0 … rows − 1` */
export function checkIndices(operation: string, indices: HostTensor, rows: number): void {
  const wrong = indices.values.find((index) => index < -1 || index >= rows)
  if (wrong === undefined) return
  throw new RnnError({
    code: 'E_INDEX_RANGE',
    operation,
    problem: `index ${wrong} of ${rows} rows`,
    fix: `use 0 … ${rows - 1}`,
  })
}
