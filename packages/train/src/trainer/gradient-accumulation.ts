// Gradients of several batches on their way to one update: sums on the device, each batch by its weight.

import {
  accumulate,
  assign,
  div,
  full,
  keep,
  maximum,
  mul,
  RnnError,
  tensor,
  type Backend,
  type Tensor,
} from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { copyTo, freeAll, persistentCopy, type PreparedMove } from '../move.ts'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'

/** Under which the sum of weights is kept; the sums of gradients lie under `gradient/path`. */
const WEIGHT = 'weight'

/** A weight of nothing at all divides a sum of zeros by this. */
const LEAST = 1e-37

/** Sums of gradients, and of the weights that they came with. It owns its tensors; a new group reuses them. */
export class GradientAccumulation {
  readonly #tensors = new Map<string, Tensor>()
  /** Names that belong to the current group; the rest of the tensors waits to be overwritten. */
  readonly #current = new Set<string>()
  #count = 0

  /** Batches in the current group. */
  get count(): number {
    return this.#count
  }

  /** Takes in the mean gradients of a batch. Within a scope. */
  add(backend: Backend, gradients: NamedTensors, weight: Tensor | number): void {
    for (const [path, gradient] of Object.entries(gradients)) this.#put(`gradient/${path}`, mul(gradient, weight))
    this.#put(WEIGHT, typeof weight === 'number' ? full([], weight, { backend }) : weight)
    this.#count++
  }

  /** The sums, which stay this object's, and the factor float32 `[]` that makes them means. Ends the group. Within a scope. */
  take(): { readonly gradients: NamedTensors; readonly scale: Tensor } {
    const gradients: Record<string, Tensor> = {}
    for (const name of this.#current) {
      const sum = this.#tensors.get(name)
      if (sum !== undefined && name !== WEIGHT) gradients[name.slice('gradient/'.length)] = sum
    }
    const weight = this.#tensors.get(WEIGHT)
    if (weight === undefined) {
      throw new RnnError({ code: 'E_VALUE', operation: 'accumulate', problem: 'no gradients were accumulated' })
    }
    this.#end()
    return { gradients, scale: div(1, maximum(weight, LEAST)) }
  }

  /** The tensors of the group by name, for checkpoints. They stay this object's. */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries([...this.#tensors].filter(([name]) => this.#current.has(name)))
  }

  /** Goes on within a saved group. */
  restore(backend: Backend, count: number, saved: Readonly<Record<string, HostArray>>): void {
    this.reset()
    for (const [name, { data, shape }] of Object.entries(saved)) {
      this.#tensors.set(name, keep(tensor(data, { backend, shape, role: 'parameter' })))
      this.#current.add(name)
    }
    this.#count = count
  }

  /** Copies the group to another backend; the result then swaps at once. */
  async prepareMove(backend: Backend): Promise<PreparedMove> {
    const moved = await copyTo(backend, new Map(Object.entries(this.tensors())))
    return {
      cancel: () => freeAll(moved),
      swap: () => {
        freeAll(this.#tensors)
        for (const [name, each] of moved) this.#tensors.set(name, each)
      },
    }
  }

  /** Forgets the group and frees all tensors. */
  reset(): void {
    freeAll(this.#tensors)
    this.#end()
  }

  #end(): void {
    this.#current.clear()
    this.#count = 0
  }

  #put(name: string, value: Tensor): void {
    const sum = this.#tensors.get(name)
    if (this.#current.has(name) && sum !== undefined) {
      accumulate(sum, value)
      return
    }
    this.#current.add(name)
    if (sum !== undefined) assign(sum, value)
    else this.#tensors.set(name, persistentCopy(value))
  }
}
