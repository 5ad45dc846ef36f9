// How the decoder's first states come from the encoder's last ones.

import { concat, RnnError, zeros, type Backend, type Tensor } from '@rnn/core'
import { dense, type Dense } from '../layers/dense.ts'
import { Module } from '../module.ts'
import { widthsOf } from '../recurrent/level.ts'
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
    const from = encoder.levels.map((level) => widthsOf(level).map((width) => width * encoder.directions.length))
    const to = decoder.levels.map((level) => widthsOf(level))
    this.layers =
      kind !== 'dense'
        ? []
        : to.flatMap((widths, layer) => {
            const beside = from[this.#beside(layer)] ?? []
            return widths.map((units, s) =>
              dense({ units, activation: 'tanh', inputSize: beside[Math.min(s, beside.length - 1)] ?? 0 }),
            )
          })
    if (kind === 'identity' && JSON.stringify(from) !== JSON.stringify(to)) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: 'encoderDecoder',
        problem: `bridge: 'identity' from ${layersOf(from)} to ${layersOf(to)}`,
        fix: "use bridge: 'dense'",
      })
    }
  }

  override get type(): string {
    return 'bridge'
  }

  override forward({ final, batch, backend }: BridgeInput): LayerStates {
    let next = 0
    return this.#decoder.levels.map((level, layer) =>
      widthsOf(level).map((width, s) => {
        if (this.kind === 'zeros') return zeros([batch, width], { backend })
        const from = this.#stateOf(final, layer, s)
        return this.layers[next++]?.forward(from) ?? from
      }),
    )
  }

  /** The encoder layer beside decoder layer `layer`. */
  #beside(layer: number): number {
    return Math.max(0, this.#encoder.layerCount - this.#decoder.layerCount + layer)
  }

  /** State `s` of the encoder layer beside decoder layer `layer`, all directions side by side. */
  #stateOf(final: LayerStates, layer: number, s: number): Tensor {
    const { directions } = this.#encoder
    const beside = this.#beside(layer)
    const states = directions.map((_, d) => {
      const state = final[beside * directions.length + d] ?? []
      return state[Math.min(s, state.length - 1)]
    })
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
}

function layersOf(widths: readonly (readonly number[])[]): string {
  return `${widths.length} layer${widths.length === 1 ? '' : 's'} with states of ${widths.map((each) => each.join(' and ')).join('; ')}`
}
