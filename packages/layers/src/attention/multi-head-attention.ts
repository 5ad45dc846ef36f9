// Multi-head attention (Vaswani et al. 2017): several scaled dot-product attentions side by side, each over projections of its own.

import {
  blocks,
  glorotUniform,
  linear,
  matmul,
  mean,
  mul,
  reshape,
  RnnError,
  scope,
  select,
  slice,
  transpose,
  zeroInitializer,
  type Tensor,
} from '@rnn/core'
import { built, checkRate, checkWhole } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type ForwardContext } from '../context.ts'
import { dropoutMask, requireKey } from '../layers/dropout.ts'
import { Variable } from '../variable.ts'
import {
  Attention,
  maskedSoftmax,
  memoryMask,
  type Attended,
  type AttentionMemory,
  type AttentionSizes,
} from './attention.ts'

/** Options of `multiHeadAttention`. */
export interface MultiHeadAttentionOptions extends AttentionSizes {
  /** Number of heads. */
  readonly heads: number
  /** Features of all heads together, and of the output; a multiple of `heads`. */
  readonly units: number
  /** Default: true. */
  readonly useBias?: boolean
  /** Share of the weights that are dropped while training. Default: 0. */
  readonly dropout?: number
}

/**
 * Queries, keys and values projected to `units`, cut into heads, and the heads' contexts projected once more.
 *
 * Parameters, where query and memory have `units` features as well: inputKernel `[units, 3·units]` (for query, key, value; the transpose of PyTorch's `in_proj_weight`), else
 * queryKernel `[querySize, units]`, keyKernel and valueKernel `[memorySize, units]`; inputBias `[3·units]`; outputKernel `[units, units]`, outputBias `[units]`.
 */
export class MultiHeadAttention extends Attention {
  readonly options: MultiHeadAttentionOptions
  inputKernel: Variable | undefined
  queryKernel: Variable | undefined
  keyKernel: Variable | undefined
  valueKernel: Variable | undefined
  inputBias: Variable | undefined
  outputKernel: Variable | undefined
  outputBias: Variable | undefined

  constructor(options: MultiHeadAttentionOptions) {
    super(options)
    const { heads, units, dropout } = options
    checkWhole('multiHeadAttention', 'heads', heads, 1)
    checkWhole('multiHeadAttention', 'units', units, 1)
    if (dropout !== undefined) checkRate('multiHeadAttention', 'dropout', dropout)
    if (units % heads !== 0) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'multiHeadAttention',
        problem: `${units} units can't be divided among ${heads} heads`,
        fix: 'give a multiple of heads',
      })
    }
    this.options = options
  }

  override get type(): string {
    return 'multiHeadAttention'
  }

  override get contextSize(): number {
    return this.options.units
  }

  protected override makeVariables(querySize: number, memorySize: number): void {
    const { units, useBias = true } = this.options
    const variable = (name: string, rows: number): Variable =>
      new Variable(name, { shape: [rows, units], initializer: glorotUniform })
    if (querySize === units && memorySize === units) {
      const initializer = blocks(glorotUniform, glorotUniform, glorotUniform)
      this.inputKernel = new Variable('inputKernel', { shape: [units, 3 * units], initializer })
    } else {
      this.queryKernel = variable('queryKernel', querySize)
      this.keyKernel = variable('keyKernel', memorySize)
      this.valueKernel = variable('valueKernel', memorySize)
    }
    if (useBias) this.inputBias = new Variable('inputBias', { shape: [3 * units], initializer: zeroInitializer })
    this.outputKernel = variable('outputKernel', units)
    if (useBias) this.outputBias = new Variable('outputBias', { shape: [units], initializer: zeroInitializer })
  }

  override prepare(memory: Tensor, lengths?: Tensor): AttentionMemory {
    const { heads, units } = this.options
    return scope(memory.backend, () => ({
      // Scaled here, once per sequence, instead of each score.
      keys: mul(this.#heads(this.#project(memory, 1)), Math.sqrt(heads / units)),
      values: this.#heads(this.#project(memory, 2)),
      mask: memoryMask(this.type, memory, lengths),
    }))
  }

  override attend(query: Tensor, memory: AttentionMemory, context: ForwardContext = INFERENCE): Attended {
    const { units, dropout = 0 } = this.options
    const [batch = 0, queries = 0] = query.shape
    const { keys, values, mask } = memory
    const [, , time = 0] = keys.shape
    return scope(query.backend, () => {
      const scores = matmul(this.#heads(this.#project(query, 0)), keys, { transposeB: true })
      const weights = maskedSoftmax(scores, mask && reshape(mask, [batch, 1, 1, time]))
      const kept =
        context.training && dropout > 0
          ? mul(weights, dropoutMask(query, weights.shape, dropout, requireKey(this.type, context.key)))
          : weights
      const joined = reshape(transpose(matmul(kept, values), [0, 2, 1, 3]), [batch, queries, units])
      const output = linear(joined, built(this.type, this.outputKernel).value, this.outputBias?.value)
      // A bias must not stand for a memory of which there is nothing.
      const found = mask === undefined || time === 0 ? output : select(slice(mask, 2, 0, 1), output, 0)
      return { context: found, weights: mean(weights, { axis: 1 }) }
    })
  }

  /** Part 0 is the query's projection, 1 the key's, 2 the value's. */
  #project(x: Tensor, part: 0 | 1 | 2): Tensor {
    const { units } = this.options
    const kernel =
      this.inputKernel === undefined
        ? built(this.type, [this.queryKernel, this.keyKernel, this.valueKernel][part]).value
        : slice(this.inputKernel.value, 1, part * units, units)
    const bias = this.inputBias && slice(this.inputBias.value, 0, part * units, units)
    return linear(x, kernel, bias)
  }

  /** `[batch, steps, units]` → `[batch, heads, steps, units / heads]`. */
  #heads(x: Tensor): Tensor {
    const { heads, units } = this.options
    const [batch = 0, steps = 0] = x.shape
    return transpose(reshape(x, [batch, steps, heads, units / heads]), [0, 2, 1, 3])
  }

  override toJSON(): ModuleConfig {
    const { heads, units, useBias, dropout, querySize, memorySize } = this.options
    return describe('multiHeadAttention', { heads, units, useBias, dropout, querySize, memorySize })
  }
}

/**
 * Multi-head attention (Vaswani et al. 2017); `importPytorch` takes the weights of nn.MultiheadAttention.
 *
 * ```ts
 * const attend = await multiHeadAttention({ heads: 2, units: 8, querySize: 2, memorySize: 2 }).init(backend, { seed: 1 })
 * const context = attend.forward({ query: y, memory: x, lengths })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function multiHeadAttention(options: MultiHeadAttentionOptions): MultiHeadAttention {
  return new MultiHeadAttention(options)
}
