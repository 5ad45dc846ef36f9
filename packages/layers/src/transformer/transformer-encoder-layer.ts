// The encoder block of the Transformer (Vaswani et al. 2017): to compare recurrent layers with.

import { add, scope, type Tensor } from '@rnn/core'
import { multiHeadAttention, type MultiHeadAttention } from '../attention/multi-head-attention.ts'
import {
  agreeOnInputSize,
  built,
  checkChoice,
  checkFeatures,
  checkNoStream,
  checkRate,
  checkSequence,
  checkWhole,
} from '../checks.ts'
import { describe, type ModuleConfig, type OptionTypes } from '../config/config.ts'
import { child, INFERENCE, type ForwardContext } from '../context.ts'
import { dense, type Dense } from '../layers/dense.ts'
import { dropout, type Dropout } from '../layers/dropout.ts'
import { layerNormalization, type LayerNormalization } from '../layers/layer-normalization.ts'
import { Module, type NamedModule } from '../module.ts'

/** Options of `transformerEncoderLayer`. */
export interface TransformerEncoderLayerOptions {
  /** Attention heads; the features of the input are a multiple of it. */
  readonly heads: number
  /** Units between the two dense layers; four times the features of the input is usual. */
  readonly feedForwardUnits: number
  /** Share that is dropped while training: of the attention's weights, of both results before they are added, and between the dense layers. Default: 0. */
  readonly dropout?: number
  /** after: each sum is normalised, as in the paper; before: what goes into attention and dense layers is, which trains more easily (Xiong et al. 2020). Default: after. */
  readonly normalize?: 'after' | 'before'
  /** Between the dense layers. Default: relu. */
  readonly activation?: 'relu' | 'gelu'
  /** Added to variances. Default: 1e-5. */
  readonly epsilon?: number
  /** Features of the input; inferred within `sequential`. */
  readonly inputSize?: number
}

/** JSON types of `TransformerEncoderLayerOptions`. */
export const TRANSFORMER_ENCODER_LAYER_OPTION_TYPES: OptionTypes<TransformerEncoderLayerOptions> = {
  heads: 'number',
  feedForwardUnits: 'number',
  dropout: 'number',
  normalize: 'string',
  activation: 'string',
  epsilon: 'number',
  inputSize: 'number',
}

/** The parts, which need the input's size; their names are those of the children. */
interface Parts {
  readonly attention: MultiHeadAttention
  readonly attentionNorm: LayerNormalization
  readonly widen: Dense
  readonly narrow: Dense
  readonly outputNorm: LayerNormalization
}

/**
 * Attention of every step to every step, then two dense layers for each step by itself, each with a shortcut around it: `[batch, time, features]` to the same.
 * Children: attention, attentionNorm, widen, narrow, outputNorm. Steps past a row's end are not looked at; what they give themselves means nothing.
 */
export class TransformerEncoderLayer extends Module {
  readonly options: TransformerEncoderLayerOptions
  readonly #drop: Dropout
  #parts: Parts | undefined
  #size: number | undefined

  constructor(options: TransformerEncoderLayerOptions) {
    super()
    const type = 'transformerEncoderLayer'
    const { heads, feedForwardUnits, dropout: rate = 0, normalize, activation, inputSize } = options
    checkWhole(type, 'heads', heads, 1)
    checkWhole(type, 'feedForwardUnits', feedForwardUnits, 1)
    checkRate(type, 'dropout', rate)
    if (normalize !== undefined) checkChoice(type, 'normalize', normalize, ['after', 'before'])
    if (activation !== undefined) checkChoice(type, 'activation', activation, ['relu', 'gelu'])
    if (inputSize !== undefined) checkWhole(type, 'inputSize', inputSize, 1)
    this.options = options
    this.#drop = dropout(rate)
  }

  override get type(): string {
    return 'transformerEncoderLayer'
  }

  override get outputSize(): number | undefined {
    return this.#size
  }

  override get lacksInputSize(): boolean {
    return this.#size === undefined
  }

  override children(): readonly NamedModule[] {
    return Object.entries(this.#parts ?? {}).map(([name, module]: [string, NamedModule['module']]) => ({
      name,
      module,
    }))
  }

  override build(inputSize: number | undefined): number | undefined {
    const size = agreeOnInputSize(this.type, this.options.inputSize, inputSize, this.#size)
    if (size === undefined || this.#size !== undefined) return size
    const { heads, feedForwardUnits, dropout: rate = 0, activation = 'relu', epsilon } = this.options
    const norm = { inputSize: size, ...(epsilon !== undefined && { epsilon }) }
    const parts: Parts = {
      attention: multiHeadAttention({ heads, units: size, dropout: rate, querySize: size, memorySize: size }),
      attentionNorm: layerNormalization(norm),
      widen: dense({ units: feedForwardUnits, activation, inputSize: size }),
      narrow: dense({ units: size, inputSize: feedForwardUnits }),
      outputNorm: layerNormalization(norm),
    }
    for (const part of Object.values(parts) as Parts[keyof Parts][]) part.build(undefined)
    this.#parts = parts
    this.#size = size
    return size
  }

  /** @param x float32 `[batch, time, features]` @returns the same shape */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    checkSequence(this.type, x)
    checkNoStream(this.type, context)
    const { attention, attentionNorm, widen, narrow, outputNorm } = built(this.type, this.#parts)
    checkFeatures(this.type, x, attention.contextSize)
    const attend = (each: Tensor): Tensor =>
      this.#dropped(attention.forward({ query: each, memory: each }, child(context, 'attention')), context, 'attended')
    const feed = (each: Tensor): Tensor =>
      this.#dropped(narrow.forward(this.#dropped(widen.forward(each), context, 'widened')), context, 'narrowed')
    return scope(x.backend, () => {
      if (this.options.normalize === 'before') {
        const attended = add(x, attend(attentionNorm.forward(x)))
        return add(attended, feed(outputNorm.forward(attended)))
      }
      const attended = attentionNorm.forward(add(x, attend(x)))
      return outputNorm.forward(add(attended, feed(attended)))
    })
  }

  #dropped(x: Tensor, context: ForwardContext, name: string): Tensor {
    return this.#drop.forward(x, child(context, name))
  }

  override toJSON(): ModuleConfig {
    const { heads, feedForwardUnits, dropout: rate, normalize, activation, epsilon, inputSize } = this.options
    return describe(this.type, { heads, feedForwardUnits, dropout: rate, normalize, activation, epsilon, inputSize })
  }
}

/**
 * An encoder block of the Transformer. Give it positions first; `importPytorch` takes the weights of nn.TransformerEncoderLayer (say which
 * activation it has, and `normalize: 'before'` for `norm_first`).
 *
 * ```ts
 * sequential(
 *   embedding({ vocabularySize: 5000, units: 64 }),
 *   positionalEncoding(),
 *   transformerEncoderLayer({ heads: 4, feedForwardUnits: 256, dropout: 0.1 }),
 *   meanOverTime(),
 *   dense({ units: 2 }),
 * )
 * ```
 *
 * @throws E_VALUE for options out of range, and, when it is built, for features that are no multiple of heads
 */
export function transformerEncoderLayer(options: TransformerEncoderLayerOptions): TransformerEncoderLayer {
  return new TransformerEncoderLayer(options)
}
