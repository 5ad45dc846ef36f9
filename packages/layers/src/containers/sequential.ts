// Layers one after another.

import { scope, type Tensor } from '@rnn/core'
import { describe, type ModuleConfig } from '../config/config.ts'
import { child, INFERENCE, type ForwardContext, type PassedOn } from '../context.ts'
import { reopened } from '../layers/gaps.ts'
import { Module, type NamedModule } from '../module.ts'
import { sharedIn } from './sharing.ts'
import { tiesOf } from './ties.ts'

/** Feeds each layer's output to the next; each layer's input size is inferred from the one before. Children are named 0, 1, 2 … */
export class Sequential extends Module {
  readonly layers: readonly Module[]
  #size: number | undefined

  constructor(layers: readonly Module[]) {
    super()
    this.layers = layers
  }

  override get type(): string {
    return 'sequential'
  }

  override get outputSize(): number | undefined {
    return this.#size
  }

  override children(): readonly NamedModule[] {
    return this.layers.map((module, i) => ({ name: String(i), module }))
  }

  override build(inputSize: number | undefined): number | undefined {
    this.#size = this.layers.reduce((size, layer) => layer.build(size), inputSize)
    return this.#size
  }

  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    return scope(x.backend, () => reopened(this.passOn(x, context), context))
  }

  override passOn(x: Tensor, context: ForwardContext): PassedOn {
    const { backend } = x
    let current = x
    let made = false
    let told = context
    this.layers.forEach((layer, i) => {
      const own = child(told, String(i))
      let owner: Tensor['owner']
      const next = scope(backend, () => {
        const passed = layer.passOn(current, own)
        owner = passed.output.owner
        return passed
      })
      told = { ...next.told, key: told.key }
      if (next.output === current) return
      // Nothing reads it again: a tape holds aliases of what it needs.
      if (made) current.dispose()
      current = next.output
      // The scope has handed over what the layer made; a value of the model or someone else's tensor stayed where it was.
      made = current.owner !== owner
    })
    return { output: current, told }
  }

  override toJSON(): ModuleConfig {
    const layers = this.layers.map((layer, i): ModuleConfig => {
      const first = this.layers.indexOf(layer)
      return first < i ? { type: 'shared', with: first } : layer.toJSON()
    })
    return describe('sequential', { layers, shared: sharedIn(this), ties: tiesOf(this) })
  }
}

/**
 * A model of layers in a row. A layer that stands in it twice is one layer, trained by both uses and saved once.
 *
 * ```ts
 * const model = sequential(embedding({ vocabularySize: 10_000, units: 64 }), lstm({ units: 128, returns: 'last' }), dense({ units: 6 }))
 * ```
 */
export function sequential(...layers: readonly Module[]): Sequential {
  return new Sequential(layers)
}
