// What the vocabulary is projected from: state, context and embedding of a step, through a layer or side by side.

import { add, concat, linear, tanh, uniformInitializer, zeroInitializer, type Tensor } from '@rnn/core'
import { built } from '../checks.ts'
import { Module } from '../module.ts'
import { Variable } from '../variable.ts'

/** Sizes of what goes into a readout; undefined for what doesn't. */
export interface ReadoutSizes {
  readonly state: number
  readonly context: number | undefined
  readonly embedding: number | undefined
}

/** A step's parts, `[…, units]` each, as `statePart`, `contextPart` and `embeddingPart` made them. */
export type ReadoutParts = {
  readonly state: Tensor
  readonly context: Tensor | undefined
  readonly embedding: Tensor | undefined
}

/**
 * `tanh(state·stateKernel + context·contextKernel + embedding·embeddingKernel + bias)`, or the three side by side without `units`. Each part may be computed where it is
 * cheapest: the context's, which is linear, from the memory once per sequence.
 */
export class Readout extends Module<ReadoutParts, Tensor> {
  readonly units: number | undefined
  stateKernel: Variable | undefined
  contextKernel: Variable | undefined
  embeddingKernel: Variable | undefined
  bias: Variable | undefined
  #size: number | undefined

  constructor(units: number | undefined) {
    super()
    this.units = units
  }

  override get type(): string {
    return 'readout'
  }

  override get outputSize(): number | undefined {
    return this.#size
  }

  /** Makes the variables; harmless when repeated. */
  buildFor({ state, context, embedding }: ReadoutSizes): number {
    const inputs = state + (context ?? 0) + (embedding ?? 0)
    const { units } = this
    this.#size = units ?? inputs
    if (units === undefined || this.stateKernel !== undefined) return this.#size
    // Glorot's limit of the one kernel that these three are the rows of.
    const limit = Math.sqrt(6 / (inputs + units))
    const variable = (name: string, rows: number): Variable =>
      new Variable(name, { shape: [rows, units], initializer: uniformInitializer(-limit, limit) })
    this.stateKernel = variable('stateKernel', state)
    if (context !== undefined) this.contextKernel = variable('contextKernel', context)
    if (embedding !== undefined) this.embeddingKernel = variable('embeddingKernel', embedding)
    this.bias = new Variable('bias', { shape: [units], initializer: zeroInitializer })
    return this.#size
  }

  statePart(state: Tensor): Tensor {
    return this.units === undefined ? state : linear(state, built(this.type, this.stateKernel).value, this.bias?.value)
  }

  contextPart(context: Tensor): Tensor {
    return this.units === undefined ? context : linear(context, built(this.type, this.contextKernel).value)
  }

  embeddingPart(embedding: Tensor): Tensor {
    return this.units === undefined ? embedding : linear(embedding, built(this.type, this.embeddingKernel).value)
  }

  override forward({ state, context, embedding }: ReadoutParts): Tensor {
    const parts = [state, context, embedding].filter((each) => each !== undefined)
    if (this.units === undefined) return parts.length === 1 ? state : concat(parts)
    return tanh(parts.reduce((sum, part) => add(sum, part)))
  }
}
