// Plans walks of several operands over one shape (see assembly/walk.ts): broadcasting and rows become strides, and neighbouring dimensions that all
// operands cross evenly are joined, so that the commonest patterns are one run, or one for each row.

import type { OperandSignature, Shape } from '@rnn/core'
import type { Machine } from './machine.ts'
import { strideOver } from './strides.ts'

const MOST_OPERANDS = 4

/** A plan that is made anew for each call, in arrays that stay. */
export class WalkPlan {
  /** Elements of a run. */
  count = 0
  runs = 0
  /** Dimensions beyond the run. */
  #levels = 0
  readonly #sizes: number[] = []
  /** By level (0 is the run itself), then by operand. */
  readonly #strides: number[] = []
  /** By axis, then by operand. */
  readonly #own: number[] = []
  #operands = 0

  /** Plans a walk over `shape`; null stands for a constant. */
  plan(shape: Shape, operands: readonly (OperandSignature | null)[]): void {
    for (let axis = 0; axis < shape.length; axis++) {
      for (let i = 0; i < operands.length; i++) {
        const operand = operands[i]!
        this.#own[axis * MOST_OPERANDS + i] = operand === null ? 0 : strideOver(operand, shape, axis)
      }
    }
    this.#join(shape, operands.length)
  }

  /** Plans a walk over `shape` by the strides of each operand. */
  planStrides(shape: Shape, strides: readonly (readonly number[])[]): void {
    for (let axis = 0; axis < shape.length; axis++) {
      for (let i = 0; i < strides.length; i++) this.#own[axis * MOST_OPERANDS + i] = strides[i]![axis]!
    }
    this.#join(shape, strides.length)
  }

  #join(shape: Shape, operands: number): void {
    const sizes = this.#sizes
    const strides = this.#strides
    const own = this.#own
    let level = -1
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis]!
      if (size === 1) continue
      let joins = level >= 0
      for (let i = 0; i < operands; i++) {
        const stride = own[axis * MOST_OPERANDS + i]!
        strides[(level + 1) * MOST_OPERANDS + i] = stride
        joins &&= stride === strides[level * MOST_OPERANDS + i]! * sizes[level]!
      }
      if (joins) sizes[level]! *= size
      else sizes[++level] = size
    }
    if (level < 0) {
      level = 0
      sizes[0] = 1
      for (let i = 0; i < operands; i++) strides[i] = 1
    }
    this.#operands = operands
    this.#levels = level
    this.count = sizes[0]!
    this.runs = 1
    for (let i = 1; i <= level; i++) this.runs *= sizes[i]!
  }

  get size(): number {
    return this.count * this.runs
  }

  /** Writes the plan as arguments, with the operands' addresses. */
  write(machine: Machine, a: number, b: number, c = 0, d = 0): void {
    const many = this.#operands
    machine.int(this.count).int(this.runs).int(this.#levels)
    for (let i = 0; i < many; i++) {
      machine.int(i === 0 ? a : i === 1 ? b : i === 2 ? c : d).int(this.#strides[i]!)
    }
    for (let level = 1; level <= this.#levels; level++) {
      machine.int(this.#sizes[level]!)
      for (let i = 0; i < many; i++) machine.int(this.#strides[level * MOST_OPERANDS + i]!)
    }
  }
}
