// What an optimiser remembers between updates, as named tensors on the model's backend: made when first needed, saved, restored and moved.

import {
  allocateTensor,
  assignFromHost,
  formatShape,
  keep,
  RnnError,
  scope,
  tensor,
  zeros,
  type Backend,
  type Tensor,
} from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { copyTo, freeAll, type PreparedMove } from '../move.ts'
import { checkAbove } from '../schedules/schedule.ts'
import type { PreparedGradient } from './clipping.ts'
import type { Optimizer } from './optimizer.ts'

/** Tensors by the path of a parameter: `encoder/kernel`. */
export type NamedTensors = Readonly<Record<string, Tensor>>

/**
 * The state of one optimiser for one model. It owns its tensors; `dispose` frees them.
 *
 * ```ts
 * const state = new OptimizerState(adam(), backend)
 * state.apply(parameters, gradients)
 * ```
 */
export class OptimizerState {
  readonly optimizer: Optimizer
  #backend: Backend
  #step = 0
  #rateScale = 1
  #lastRate: number | undefined
  #schedule: Tensor | undefined
  /** By `path/slot`: a parameter that is unfrozen later gets its tensors then. */
  readonly #slots = new Map<string, Tensor>()

  constructor(optimizer: Optimizer, backend: Backend) {
    this.optimizer = optimizer
    this.#backend = backend
  }

  get backend(): Backend {
    return this.#backend
  }

  /** Updates done. */
  get step(): number {
    return this.#step
  }

  /** The learning rate of the next update. */
  get learningRate(): number {
    return this.optimizer.learningRate.at(this.#step) * this.#rateScale
  }

  /** The learning rate of the last update; before the first, that of the first. */
  get lastLearningRate(): number {
    return this.#lastRate ?? this.optimizer.learningRate.at(Math.max(0, this.#step - 1)) * this.#rateScale
  }

  /** What the schedule's learning rates are multiplied by: 1 unless `scaleLearningRate` was called. */
  get learningRateScale(): number {
    return this.#rateScale
  }

  /**
   * Multiplies the learning rate from the next update on, whatever the schedule says; the factors of several calls multiply.
   *
   * @throws E_VALUE unless the factor is a finite number above 0
   */
  scaleLearningRate(factor: number): void {
    checkAbove('scaleLearningRate', 'factor', factor, 0)
    this.#lastRate = this.lastLearningRate
    this.#rateScale *= factor
  }

  /**
   * One update of all parameters that have a gradient, in place.
   *
   * @param prepare float32 `[]`: multiplies every gradient, as clipping does, and stays the caller's; or what makes of each gradient the one to use, within a scope
   */
  apply(
    parameters: NamedTensors,
    gradients: NamedTensors,
    prepare: Tensor | null | ((gradient: Tensor) => PreparedGradient) = null,
  ): void {
    const { optimizer } = this
    const learningRate = this.learningRate
    const schedule = this.#writeSchedule(learningRate)
    for (const [path, gradient] of Object.entries(gradients)) {
      const parameter = parameters[path]
      if (parameter === undefined) {
        throw new RnnError({
          code: 'E_VALUE',
          operation: optimizer.name,
          problem: `a gradient for '${path}', which is no parameter`,
        })
      }
      const slots = Object.fromEntries(optimizer.slots.map((name) => [name, this.#slot(`${path}/${name}`, parameter)]))
      scope(this.#backend, () => {
        const prepared = typeof prepare === 'function' ? prepare(gradient) : { gradient, scale: prepare }
        optimizer.update({ parameter, gradient: prepared.gradient, slots, schedule, gradientScale: prepared.scale })
      })
    }
    this.#step++
    this.#lastRate = learningRate
  }

  /** The tensors by name, `kernel/firstMoment`. They stay this state's. */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries(this.#slots)
  }

  /** Takes on the tensors, the step and the scale of the learning rate of a saved state, bit for bit. */
  restore(step: number, saved: Readonly<Record<string, HostArray>>, learningRateScale = 1): void {
    freeAll(this.#slots)
    for (const [name, { data, shape }] of Object.entries(saved)) {
      this.#slots.set(name, keep(tensor(data, { backend: this.#backend, shape, role: 'parameter' })))
    }
    this.#step = step
    this.#rateScale = learningRateScale
    this.#lastRate = undefined
  }

  /** Copies everything to another backend; the result then swaps at once. For moving a model and its optimiser together. */
  async prepareMove(backend: Backend): Promise<PreparedMove> {
    const moved = await copyTo(backend, this.#slots)
    return {
      cancel: () => freeAll(moved),
      swap: () => {
        this.dispose()
        this.#backend = backend
        for (const [name, each] of moved) this.#slots.set(name, each)
      },
    }
  }

  /** Forgets everything and begins anew on a backend: for when the one before is gone with all that it held. */
  moveWithoutState(backend: Backend): void {
    this.dispose()
    this.#backend = backend
  }

  /** Moves the state to another backend, between updates. */
  async to(backend: Backend): Promise<void> {
    const { swap } = await this.prepareMove(backend)
    swap()
  }

  /** Frees the tensors. */
  dispose(): void {
    freeAll(this.#slots)
    this.#schedule?.dispose()
    this.#schedule = undefined
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #slot(name: string, parameter: Tensor): Tensor {
    let slot = this.#slots.get(name)
    if (slot === undefined) {
      slot = keep(zeros(parameter.shape, { backend: this.#backend, role: 'parameter' }))
      this.#slots.set(name, slot)
    } else if (formatShape(slot.shape) !== formatShape(parameter.shape)) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: this.optimizer.name,
        problem: `'${name}' has shape ${formatShape(slot.shape)}, its parameter ${formatShape(parameter.shape)}`,
      })
    }
    return slot
  }

  #writeSchedule(learningRate: number): Tensor {
    const values = Float32Array.from(this.optimizer.scheduleAt(this.#step, learningRate))
    this.#schedule ??= keep(allocateTensor(this.#backend, [values.length], 'float32', 'parameter'))
    assignFromHost(this.#schedule, values)
    return this.#schedule
  }
}
