// The decoder's stack of cells, one time step at a time. What of the first layer's input doesn't depend on the step before is projected beforehand.

import {
  add,
  concat,
  gruCell,
  linear,
  lstmCell,
  mul,
  reshape,
  scan,
  simpleCell,
  simpleReluCell,
  slice,
  splitKey,
  type Cell,
  type ParameterSpec,
  type Parameters,
  type Tensor,
} from '@rnn/core'
import type { ForwardContext } from '../context.ts'
import { dropoutMask, requireKey } from '../layers/dropout.ts'
import type { Recurrent } from '../recurrent/recurrent.ts'
import type { LayerStates } from './bridge.ts'

/** Cells whose `project` is `x · kernel + bias`: their input may be projected by parts. */
const LINEAR_CELLS: readonly { readonly project?: unknown }[] = [gruCell, lstmCell, simpleCell, simpleReluCell]

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

  /** @param embeddingSize features of the embedding, which come first in the input; what is fed comes after */
  constructor(layer: Recurrent, embeddingSize: number) {
    const { cell, layerCount } = layer
    this.#layer = layer
    this.#parameters = Array.from({ length: layerCount }, (_, i) => layer.cellParameters(i))
    this.linear = LINEAR_CELLS.some(({ project }) => project === cell.project)
    const kernel = this.#parameters[0]?.['kernel']
    if (this.linear && kernel !== undefined) {
      const size = kernel.shape[0] ?? 0
      this.#embeddingKernel = size === embeddingSize ? kernel : slice(kernel, 0, 0, embeddingSize)
      this.#fedKernel = size === embeddingSize ? undefined : slice(kernel, 0, embeddingSize, size - embeddingSize)
    }
  }

  /** Draws the masks of a training pass over `steps` steps, as `Recurrent.run` draws them. */
  drawMasks(like: Tensor, rows: number, steps: number, { training, key }: ForwardContext): void {
    const { layerCount, options, type, hiddenSize } = this.#layer
    const { dropout = 0, recurrentDropout = 0 } = options
    if (!training) return
    const layers = Array.from({ length: layerCount }, (_, i) => i)
    if (recurrentDropout > 0) {
      this.#hiddenMasks = layers.map((i) => {
        const own = splitKey(splitKey(requireKey(type, key), i), 'forward')
        return dropoutMask(like, [rows, hiddenSize], recurrentDropout, own)
      })
    }
    if (dropout > 0) {
      this.#outputMasks = layers.slice(0, -1).map((i) => {
        const own = splitKey(splitKey(requireKey(type, key), i), 'dropout')
        return dropoutMask(like, [rows, steps, hiddenSize], dropout, own)
      })
    }
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
    const { cell, layerCount, options } = this.#layer
    const first: Cell = this.linear ? projectedCell(cell as unknown as Cell) : (cell as unknown as Cell)
    let input = fed === undefined ? embedding : this.linear ? add(embedding, fed) : concat([embedding, fed])
    const after: (readonly Tensor[])[] = []
    for (let layer = 0; layer < layerCount; layer++) {
      const [rows = 0, width = 0] = input.shape
      const { final } = scan(
        layer === 0 ? first : (cell as unknown as Cell),
        reshape(input, [rows, 1, width]),
        this.#parameters[layer] ?? {},
        { units: options.units, initial: states[layer], hiddenMask: this.#hiddenMasks[layer] },
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
