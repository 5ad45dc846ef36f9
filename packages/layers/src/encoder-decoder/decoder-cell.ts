// The decoder's stack of cells, one time step at a time. What of the first layer's input doesn't depend on the step before is projected beforehand.

import {
  add,
  concat,
  linear,
  mul,
  projectInput,
  reshape,
  scan,
  slice,
  splitKey,
  Tensor,
  type Cell,
  type ParameterSpec,
  type Parameters,
  type RandomKey,
} from '@rnn/core'
import type { ForwardContext } from '../context.ts'
import { dropoutMask, requireKey } from '../layers/dropout.ts'
import type { Recurrent } from '../recurrent/recurrent.ts'
import { zoneoutOf } from '../recurrent/zoneout.ts'
import type { LayerStates } from './bridge.ts'

/** The same cell on input that is projected already. */
function projectedCell(cell: Cell): Cell {
  const { kind, gates, step } = cell
  return {
    kind,
    gates,
    step,
    stateSizes: (units) => cell.stateSizes(units),
    parameters(inputSize, units): Record<string, ParameterSpec> {
      const { kernel: _kernel, bias: _bias, ...rest } = cell.parameters(inputSize, units)
      return rest
    },
  }
}

/** What a step gives: the top layer's output `[rows, units]`, and all states. */
export interface CellOutput {
  readonly output: Tensor
  readonly states: LayerStates
}

/** One pass's view of the decoder's layers. Its tensors belong to the scope in which it was made. */
export class DecoderCells {
  /** Whether context and embedding may be projected apart. */
  readonly linear: boolean
  readonly #layer: Recurrent
  readonly #parameters: readonly Parameters[]
  /** Of the first layer, for the embedding and for what is fed beside it. */
  readonly #embeddingKernel: Tensor | undefined
  readonly #fedKernel: Tensor | undefined
  /** By layer: the hidden state's mask of recurrent dropout, and the masks on the layer's output, `[rows, steps, units]`. */
  #hiddenMasks: readonly (Tensor | undefined)[] = []
  #outputMasks: readonly (Tensor | undefined)[] = []
  /** By layer and state: masks of zoneout, `[rows, steps, width]`. */
  #zoneouts: readonly (readonly (Tensor | number | undefined)[] | undefined)[] = []

  /** @param embeddingSize features of the embedding, which come first in the input; what is fed comes after */
  constructor(layer: Recurrent, embeddingSize: number) {
    this.#layer = layer
    this.#parameters = layer.levels.map((_, i) => layer.cellParameters(i))
    this.linear = layer.levels[0]?.cell.project === projectInput
    const kernel = this.#parameters[0]?.['kernel']
    if (this.linear && kernel !== undefined) {
      const size = kernel.shape[0] ?? 0
      this.#embeddingKernel = size === embeddingSize ? kernel : slice(kernel, 0, 0, embeddingSize)
      this.#fedKernel = size === embeddingSize ? undefined : slice(kernel, 0, embeddingSize, size - embeddingSize)
    }
  }

  /** Draws the masks of a training pass over `steps` steps, as `Recurrent.run` draws them. */
  drawMasks(like: Tensor, rows: number, steps: number, { training, key }: ForwardContext): void {
    const { levels, type } = this.#layer
    if (!training) return
    const keyOf = (layer: number, name: string): RandomKey => splitKey(splitKey(requireKey(type, key), layer), name)
    this.#hiddenMasks = levels.map(({ cell, options: { units, recurrentDropout = 0 } }, i) => {
      if (recurrentDropout === 0) return undefined
      return dropoutMask(like, [rows, cell.stateSizes(units)[0] ?? units], recurrentDropout, keyOf(i, 'forward'))
    })
    this.#outputMasks = levels.map(({ cell, options: { units, dropout = 0 } }, i) => {
      if (dropout === 0 || i === levels.length - 1) return undefined
      return dropoutMask(like, [rows, steps, cell.stateSizes(units)[0] ?? units], dropout, keyOf(i, 'dropout'))
    })
    this.#zoneouts = levels.map(({ cell, options }, i) =>
      zoneoutOf(type, cell, options, [rows, steps], like.backend, { training, key: key && keyOf(i, 'forward') }),
    )
  }

  /** The embedding's part of the first layer's input, `[…, embeddingSize]` → `[…, any]`. */
  embeddingPart(embedding: Tensor): Tensor {
    if (this.#embeddingKernel === undefined) return embedding
    return linear(embedding, this.#embeddingKernel, this.#parameters[0]?.['bias'])
  }

  /** The part of what is fed beside it (context or readout); linear. */
  fedPart(fed: Tensor): Tensor {
    return this.#fedKernel === undefined ? fed : linear(fed, this.#fedKernel)
  }

  /**
   * One step.
   *
   * @param embedding an `embeddingPart`, `[rows, any]`
   * @param fed a `fedPart`
   * @param t number of the step among those for which masks were drawn
   */
  step(embedding: Tensor, fed: Tensor | undefined, states: LayerStates, t: number): CellOutput {
    const { levels, type } = this.#layer
    let input = fed === undefined ? embedding : this.linear ? add(embedding, fed) : concat([embedding, fed])
    const after: (readonly Tensor[])[] = []
    for (const [layer, { cell, options }] of levels.entries()) {
      const [rows = 0, width = 0] = input.shape
      const zoneout =
        this.#zoneouts[layer]?.map((each) => (each instanceof Tensor ? slice(each, 1, t, 1) : each)) ??
        zoneoutOf(type, cell, options, [rows, 1], input.backend, { training: false, key: undefined })
      const { final } = scan(
        layer === 0 && this.linear ? projectedCell(cell) : cell,
        reshape(input, [rows, 1, width]),
        this.#parameters[layer] ?? {},
        { units: options.units, initial: states[layer], hiddenMask: this.#hiddenMasks[layer], zoneout },
      )
      after.push(final)
      const [hidden = input] = final
      const output = options.residual === true && layer > 0 ? add(hidden, input) : hidden
      const masks = this.#outputMasks[layer]
      input = masks === undefined ? output : mul(output, reshape(slice(masks, 1, t, 1), output.shape))
    }
    return { output: input, states: after }
  }
}
