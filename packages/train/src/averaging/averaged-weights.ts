// The averages of a model's weights, as named tensors on its backend: taken, exchanged with the weights, saved, restored and moved.

import { accumulate, assign, copy, keep, mul, scope, sub, tensor, type Backend, type Tensor } from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { copyTo, freeAll, persistentCopy, type PreparedMove } from '../move.ts'
import type { NamedTensors } from '../optimizers/optimizer-state.ts'
import type { WeightAveraging } from './averaging.ts'

/** The averages of one model. It owns its tensors; `reset` frees them. */
export class AveragedWeights {
  readonly averaging: WeightAveraging
  /** By the path of the parameter. While exchanged: the weights of the training. */
  readonly #tensors = new Map<string, Tensor>()
  #taken = 0
  #exchanged = false

  constructor(averaging: WeightAveraging) {
    this.averaging = averaging
  }

  /** How often averages were taken. Before the first time there are none. */
  get taken(): number {
    return this.#taken
  }

  /** Whether the model holds the averages, and this object the weights. */
  get exchanged(): boolean {
    return this.#exchanged
  }

  /** After update `step`, counted from 1: moves the averages if that is due. A parameter that is new to them begins as it is. */
  update(backend: Backend, step: number, weights: NamedTensors): void {
    const share = this.averaging.shareAt(step, this.#taken)
    if (share === undefined) return
    this.#taken++
    scope(backend, () => {
      const by = tensor(Float32Array.of(share), { backend, shape: [] })
      for (const [path, weight] of Object.entries(weights)) {
        const average = this.#tensors.get(path)
        if (average === undefined) this.#tensors.set(path, persistentCopy(weight))
        else scope(backend, () => accumulate(average, mul(sub(weight, average), by)))
      }
    })
  }

  /** Exchanges the values of averages and weights, in place. */
  exchange(backend: Backend, weights: NamedTensors): void {
    this.#exchanged = !this.#exchanged
    for (const [path, average] of this.#tensors) {
      const weight = weights[path]
      if (weight === undefined) continue
      scope(backend, () => {
        const before = copy(weight)
        assign(weight, average)
        assign(average, before)
      })
    }
  }

  /** Overwrites the weights by their averages, which stay. */
  copyInto(weights: NamedTensors): void {
    for (const [path, average] of this.#tensors) {
      const weight = weights[path]
      if (weight !== undefined) assign(weight, average)
    }
  }

  /** The tensors by path: averages, or while exchanged the weights. They stay this object's. */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries(this.#tensors)
  }

  /** Takes on saved averages, bit for bit. */
  restore(backend: Backend, taken: number, saved: Readonly<Record<string, HostArray>>): void {
    this.reset()
    for (const [path, { data, shape }] of Object.entries(saved)) {
      this.#tensors.set(path, keep(tensor(data, { backend, shape, role: 'parameter' })))
    }
    this.#taken = taken
  }

  /** Copies everything to another backend; the result then swaps at once. */
  async prepareMove(backend: Backend): Promise<PreparedMove> {
    const moved = await copyTo(backend, this.#tensors)
    return {
      cancel: () => freeAll(moved),
      swap: () => {
        freeAll(this.#tensors)
        for (const [path, each] of moved) this.#tensors.set(path, each)
      },
    }
  }

  /** Forgets and frees all. */
  reset(): void {
    freeAll(this.#tensors)
    this.#taken = 0
    this.#exchanged = false
  }
}
