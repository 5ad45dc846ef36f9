// The gradient of one tensor while it is being added up, in place once the buffer is the tape's own.

import {
  accumulate,
  add,
  alias,
  copy,
  hold,
  matmul,
  matmulInto,
  scatterAdd,
  sliceView,
  zeros,
  BYTES_PER_ELEMENT,
  type Backend,
  type Shape,
  type Tensor,
} from '@rnn/core'
import type { Contribution } from './vjps/rule.ts'

export class Accumulator {
  readonly #backend: Backend
  readonly #shape: Shape
  #sum: Tensor | undefined
  /** Whether the buffer was made for this gradient. The first whole contribution is only borrowed: most tensors get no second one. */
  #made = false

  constructor(backend: Backend, shape: Shape) {
    this.#backend = backend
    this.#shape = shape
  }

  /** The gradient so far; undefined stands for zero. */
  get sum(): Tensor | undefined {
    return this.#sum
  }

  add(contribution: Contribution): void {
    switch (contribution.kind) {
      case 'whole':
        if (this.#sum === undefined) this.#sum = hold(alias(contribution.gradient))
        else if (this.#owns(this.#sum)) accumulate(this.#sum, contribution.gradient)
        else this.#replace(add(this.#sum, contribution.gradient))
        break
      case 'slice': {
        const { gradient, axis, start } = contribution
        accumulate(sliceView(this.#own(), axis, start, gradient.shape[axis] ?? 0), gradient)
        break
      }
      case 'rows':
        scatterAdd(this.#own(), contribution.indices, contribution.gradient)
        break
      case 'product': {
        const { a, b, transposeA, transposeB } = contribution
        // Two matrices make the first contribution without a buffer of zeros to add it to.
        if (this.#sum === undefined && a.rank === 2 && b.rank === 2)
          this.#replace(matmul(a, b, { transposeA, transposeB }))
        else matmulInto(this.#own(), a, b, { transposeA, transposeB })
        break
      }
    }
  }

  /** Hands the gradient over, contiguous and in a buffer of its own; zeros if nothing was added. The caller's scope owns it. */
  take(): Tensor {
    const result =
      this.#sum === undefined
        ? zeros(this.#shape, { backend: this.#backend })
        : this.#owns(this.#sum)
          ? alias(this.#sum)
          : copy(this.#sum)
    this.release()
    return result
  }

  release(): void {
    this.#sum?.dispose()
    this.#sum = undefined
  }

  #own(): Tensor {
    if (this.#sum === undefined) return this.#replace(zeros(this.#shape, { backend: this.#backend }))
    return this.#owns(this.#sum) ? this.#sum : this.#replace(copy(this.#sum))
  }

  /** Whether the buffer is this gradient's alone, and may be written: made for it, or borrowed from a tensor that is gone by now. */
  #owns(sum: Tensor): boolean {
    return this.#made || (!sum.storage.shared && sum.storage.byteLength === sum.size * BYTES_PER_ELEMENT)
  }

  #replace(next: Tensor): Tensor {
    this.#sum?.dispose()
    this.#made = true
    this.#sum = hold(next)
    return next
  }
}
