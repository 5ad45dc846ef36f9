// The gradient of one tensor while it is being added up, in place once the buffer is the tape's own.

import {
  accumulate,
  add,
  alias,
  allocateTensor,
  assign,
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
  /** While only these pieces of an axis have been written, and the rest of the buffer holds anything. */
  #written: { readonly axis: number; readonly from: number; readonly to: number } | undefined

  constructor(backend: Backend, shape: Shape) {
    this.#backend = backend
    this.#shape = shape
  }

  /** The gradient so far; undefined stands for zero. */
  get sum(): Tensor | undefined {
    this.#complete()
    return this.#sum
  }

  add(contribution: Contribution): void {
    if (contribution.kind === 'slice' && this.#addBesideOthers(contribution)) return
    this.#complete()
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

  /**
   * The pieces of a split come one beside the other: each is copied to its place, without zeros that it would be added to. False where a piece goes
   * elsewhere.
   */
  #addBesideOthers({ gradient, axis, start }: Extract<Contribution, { kind: 'slice' }>): boolean {
    const end = start + (gradient.shape[axis] ?? 0)
    const written = this.#written ?? { axis, from: start, to: start }
    const first = this.#sum === undefined
    const beside = (first || this.#written !== undefined) && (start === written.to || end === written.from)
    if (!beside || written.axis !== axis) return false
    const target = first ? this.#replace(allocateTensor(this.#backend, this.#shape, 'float32')) : this.#sum
    if (target === undefined) return false
    assign(sliceView(target, axis, start, end - start), gradient)
    const [from, to] = [Math.min(start, written.from), Math.max(end, written.to)]
    this.#written = to - from === this.#shape[axis] ? undefined : { axis, from, to }
    return true
  }

  /** Zeros where nothing was written. */
  #complete(): void {
    if (this.#written === undefined || this.#sum === undefined) return
    const { axis, from, to } = this.#written
    this.#written = undefined
    const length = this.#shape[axis] ?? 0
    this.#clear(this.#sum, axis, 0, from)
    this.#clear(this.#sum, axis, to, length)
  }

  #clear(sum: Tensor, axis: number, from: number, to: number): void {
    if (from === to) return
    const zero = zeros(this.#shape.with(axis, to - from), { backend: this.#backend })
    assign(sliceView(sum, axis, from, to - from), zero)
    zero.dispose()
  }

  /** Hands the gradient over, contiguous and in a buffer of its own; zeros if nothing was added. The caller's scope owns it. */
  take(): Tensor {
    this.#complete()
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
    this.#written = undefined
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
