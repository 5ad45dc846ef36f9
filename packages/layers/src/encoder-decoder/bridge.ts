// How the decoder's first states come from the encoder's last ones.

import { concat, RnnError, zeros, type Backend, type Tensor } from '@rnn/core'
import { dense, type Dense } from '../layers/dense.ts'
import { Module } from '../module.ts'
import type { Recurrent } from '../recurrent/recurrent.ts'

/** States layer by layer, `[batch, width]` each. */
export type LayerStates = readonly (readonly Tensor[])[]

/** The encoder's final states, for each layer and direction. */
export type BridgeInput = { readonly final: LayerStates; readonly batch: number; readonly backend: Backend }

/**
 * Encoder states to decoder states. Layers are aligned at the top: the decoder's top layer gets the states of the encoder's top layer; a decoder with more layers
 * gets those of the encoder's lowest layer several times. A cell with more states than the encoder's gets the encoder's last one for those.
 */
export class Bridge extends Module<BridgeInput, LayerStates> {
  readonly kind: 'dense' | 'identity' | 'zeros'
  readonly layers: readonly Dense[]
  readonly #encoder: Recurrent
  readonly #decoder: Recurrent

  /** @throws E_CONFIGURATION when states shall go over as they are and don't fit */
  constructor(kind: 'dense' | 'identity' | 'zeros', encoder: Recurrent, decoder: Recurrent) {
    super()
    this.kind = kind
    this.#encoder = encoder
    this.#decoder = decoder
    const from = this.#widths(encoder).map((width) => width * encoder.directions.length)
    const to = this.#widths(decoder)
    this.layers =
      kind !== 'dense'
        ? []
        : Array.from({ length: decoder.layerCount }, () =>
            to.map((units, s) => dense({ units, activation: 'tanh', inputSize: from[this.#stateFor(s)] ?? 0 })),
          ).flat()
    if (kind === 'identity' && (encoder.layerCount !== decoder.layerCount || String(from) !== String(to))) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: 'encoderDecoder',
        problem: `bridge: 'identity' from ${encoder.layerCount} layers with states of ${from.join(' and ')} to ${decoder.layerCount} layers with states of ${to.join(' and ')}`,
        fix: "use bridge: 'dense'",
      })
    }
  }

  override get type(): string {
    return 'bridge'
  }

  override forward({ final, batch, backend }: BridgeInput): LayerStates {
    const widths = this.#widths(this.#decoder)
    const { layerCount: layers } = this.#decoder
    return Array.from({ length: layers }, (_, layer) =>
      widths.map((width, s) => {
        if (this.kind === 'zeros') return zeros([batch, width], { backend })
        const from = this.#stateOf(final, layer, this.#stateFor(s))
        return this.layers[layer * widths.length + s]?.forward(from) ?? from
      }),
    )
  }

  /** State `s` of the encoder layer beside decoder layer `layer`, all directions side by side. */
  #stateOf(final: LayerStates, layer: number, s: number): Tensor {
    const { layerCount, directions } = this.#encoder
    const beside = Math.max(0, layerCount - this.#decoder.layerCount + layer)
    const states = directions.map((_, d) => final[beside * directions.length + d]?.[s])
    const [first] = states
    if (first === undefined) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'encoderDecoder',
        problem: `the encoder gave no state ${s} for layer ${beside}`,
        fix: 'stateSizes and step of its cell must agree',
      })
    }
    return states.length === 1 ? first : concat(states.filter((each) => each !== undefined))
  }

  #stateFor(s: number): number {
    return Math.min(s, this.#widths(this.#encoder).length - 1)
  }

  #widths({ cell, options }: Recurrent): readonly number[] {
    return cell.stateSizes(options.units)
  }
}
