// How element-wise kernels find their operands: one common index space, a stride on each axis for each operand.

import type { Operand } from '@rnn/core'
import { sizeOf, startOf } from './kernel.ts'

/** An index space with the strides of several operands over it, neighbouring axes merged where all of them allow it. */
export interface StridedPlan {
  readonly count: number
  /** Outermost first; of an empty list the space has one element. */
  readonly sizes: readonly number[]
  /** By operand, by axis. */
  readonly strides: readonly (readonly number[])[]
}

/** Strides, in elements, of an operand over its own shape. */
export function ownStrides({ shape, rowLength, rowStride }: Operand): number[] {
  const strides = new Array<number>(shape.length).fill(1)
  let inner = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // Axes within a row are contiguous; those before it count rows.
    strides[axis] =
      rowLength === undefined || rowStride === undefined || inner < rowLength ? inner : (inner / rowLength) * rowStride
    inner *= shape[axis]!
  }
  return strides
}

/** Strides of an operand over a shape to which it is broadcast: 0 on axes that it repeats. */
export function stridesOver(operand: Operand, shape: readonly number[]): number[] {
  const own = ownStrides(operand)
  const missing = shape.length - own.length
  return shape.map((_, axis) => (axis < missing || operand.shape[axis - missing] === 1 ? 0 : own[axis - missing]!))
}

/** Merges axes: two neighbours become one where each operand's outer stride is its inner one times the inner size. */
export function planOf(shape: readonly number[], strides: readonly (readonly number[])[]): StridedPlan {
  const sizes: number[] = []
  const kept: number[][] = strides.map(() => [])
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!
    if (size === 1) continue
    const last = sizes.length - 1
    if (last >= 0 && strides.every((each, i) => kept[i]![last] === each[axis]! * size)) {
      sizes[last]! *= size
      kept.forEach((each, i) => (each[last] = strides[i]![axis]!))
    } else {
      sizes.push(size)
      kept.forEach((each, i) => each.push(strides[i]![axis]!))
    }
  }
  return { count: sizeOf(shape), sizes, strides: kept }
}

/** Names of the parameters of a plan: the sizes but the outermost, and each operand's start and strides. */
export function planParameters(plan: StridedPlan, names: readonly string[]): Record<string, 'u32'> {
  return Object.fromEntries(Object.keys(planValues(plan, names, [])).map((name) => [name, 'u32' as const]))
}

/** Values of those parameters. @param operands by name; null where there is none */
export function planValues(
  plan: StridedPlan,
  names: readonly string[],
  operands: readonly (Operand | null)[],
): Record<string, number> {
  const values: Record<string, number> = { count: plan.count }
  for (let axis = 1; axis < plan.sizes.length; axis++) values[`size${axis}`] = plan.sizes[axis]!
  names.forEach((name, i) => {
    const operand = operands[i]
    values[`${name}Start`] = operand ? startOf(operand) : 0
    plan.strides[i]!.forEach((stride, axis) => (values[`${name}Stride${axis}`] = stride))
  })
  return values
}

/** WGSL that gives `xAt` for each operand `x`, the place of element `i`. */
export function planAddresses(plan: StridedPlan, names: readonly string[]): string {
  const lines = ['  var left = i;']
  const rank = plan.sizes.length
  for (let axis = rank - 1; axis > 0; axis--) {
    lines.push(`  let at${axis} = left % p.size${axis};`, `  left = left / p.size${axis};`)
  }
  for (const name of names) {
    const terms = plan.sizes.map((_, axis) => `${axis === 0 ? 'left' : `at${axis}`} * p.${name}Stride${axis}`)
    lines.push(`  let ${name}At = ${[`p.${name}Start`, ...terms].join(' + ')};`)
  }
  return lines.join('\n')
}
