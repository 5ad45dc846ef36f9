// Attention by a small network over query and memory (Bahdanau et al. 2015), with coverage if wanted (Tu et al. 2016; See et al. 2017).

import { add, glorotUniform, linear, mul, reshape, scope, tanh, zeroInitializer, type Tensor } from '@rnn/core'
import { built, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { Variable } from '../variable.ts'
import type { AttentionSizes } from './attention.ts'
import { ScoredAttention } from './scored-attention.ts'

/** Options of `additiveAttention`. */
export interface AdditiveAttentionOptions extends AttentionSizes {
  /** Width of the network's hidden layer. */
  readonly units: number
  /** Add a bias within the tanh. Default: false. */
  readonly useBias?: boolean
  /** Let the scores see how much each step was attended to before (See et al. 2017). For loops, such as `encoderDecoder`'s. Default: false. */
  readonly coverage?: boolean
}

/**
 * `score = scoreVector · tanh(query · queryKernel + memory · memoryKernel (+ coverage · coverageKernel) (+ bias))`. Parameters: queryKernel
 * `[querySize, units]`, memoryKernel `[memorySize, units]`, scoreVector, coverageKernel and bias `[units]`.
 */
export class AdditiveAttention extends ScoredAttention {
  readonly options: AdditiveAttentionOptions
  queryKernel: Variable | undefined
  memoryKernel: Variable | undefined
  scoreVector: Variable | undefined
  coverageKernel: Variable | undefined
  bias: Variable | undefined

  constructor(options: AdditiveAttentionOptions) {
    super(options)
    checkWhole('additiveAttention', 'units', options.units, 1)
    this.options = options
  }

  override get type(): string {
    return 'additiveAttention'
  }

  override get covers(): boolean {
    return this.options.coverage === true
  }

  protected override makeVariables(querySize: number, memorySize: number): void {
    const { units, useBias = false, coverage = false } = this.options
    const initializer = glorotUniform
    this.queryKernel = new Variable('queryKernel', { shape: [querySize, units], initializer })
    this.memoryKernel = new Variable('memoryKernel', { shape: [memorySize, units], initializer })
    this.scoreVector = new Variable('scoreVector', { shape: [units], initializer })
    if (coverage) this.coverageKernel = new Variable('coverageKernel', { shape: [units], initializer })
    if (useBias) this.bias = new Variable('bias', { shape: [units], initializer: zeroInitializer })
  }

  override keysOf(memory: Tensor): Tensor {
    return linear(memory, built(this.type, this.memoryKernel).value, this.bias?.value)
  }

  override projectQuery(query: Tensor): Tensor {
    return linear(query, built(this.type, this.queryKernel).value)
  }

  override scores(query: Tensor, keys: Tensor, coverage?: Tensor): Tensor {
    const sum = sumOverPairs(query, keys)
    const kernel = this.coverageKernel?.value
    const covered =
      kernel === undefined || coverage === undefined
        ? sum
        : add(sum, mul(reshape(coverage, [...coverage.shape, 1]), kernel))
    return scoresOfHidden(covered, built(this.type, this.scoreVector).value)
  }

  override toJSON(): ModuleConfig {
    const { units, useBias, coverage, querySize, memorySize } = this.options
    return describe('additiveAttention', { units, useBias, coverage, querySize, memorySize })
  }
}

/** `[batch, queries, units]` and `[batch, time, units]` → `[batch, queries, time, units]`: every query with every key. */
export function sumOverPairs(query: Tensor, keys: Tensor): Tensor {
  const [batch = 0, queries = 0, units = 0] = query.shape
  return add(reshape(query, [batch, queries, 1, units]), reshape(keys, [batch, 1, keys.shape[1] ?? 0, units]))
}

/** `tanh(hidden) · vector`: `[…, units]` → `[…]`. */
export function scoresOfHidden(hidden: Tensor, vector: Tensor): Tensor {
  return scope(hidden.backend, () =>
    reshape(linear(tanh(hidden), reshape(vector, [vector.size, 1])), hidden.shape.slice(0, -1)),
  )
}

/**
 * Additive attention (Bahdanau, Cho & Bengio 2015).
 *
 * ```ts
 * const attend = await additiveAttention({ units: 8, querySize: 2, memorySize: 2 }).init(backend, { seed: 1 })
 * const context = attend.forward({ query: y, memory: x, lengths })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function additiveAttention(options: AdditiveAttentionOptions): AdditiveAttention {
  return new AdditiveAttention(options)
}
