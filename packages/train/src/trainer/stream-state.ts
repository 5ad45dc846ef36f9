// The states that recurrent layers carry from one piece of a stream to the next: without gradient between steps, and zero where a stream begins.

import {
  alias,
  copy,
  formatShape,
  keep,
  RnnError,
  sameShape,
  tensor,
  zeros,
  type Backend,
  type Tensor,
} from '@rnn/core'
import type { Carry, HostArray } from '@rnn/layers'
import { copyTo, freeAll, type PreparedMove } from '../move.ts'

/** The states of each recurrent layer, in the order in which a forward pass comes to them. */
export type LayerStates = readonly (readonly Tensor[])[]

/** A recurrent layer in one forward pass. */
interface Visit {
  readonly layer: object
  after?: readonly Tensor[]
}

/** One forward pass over a piece: layers go on from `start`, and what they leave is kept until `dispose`. A tape goes on following it. */
export class StreamPass implements Carry {
  readonly #backend: Backend
  readonly #start: LayerStates | undefined
  readonly #visits: Visit[] = []

  /** @param start undefined where every row begins */
  constructor(backend: Backend, start: LayerStates | undefined) {
    this.#backend = backend
    this.#start = start
  }

  before(layer: object, widths: readonly number[], batch: number): readonly Tensor[] {
    const given = this.#start?.[this.#visits.length]
    this.#visits.push({ layer })
    const shapes = widths.map((width) => [batch, width])
    if (this.#start === undefined) return shapes.map((shape) => zeros(shape, { backend: this.#backend }))
    if (given?.length === shapes.length && given.every(({ shape }, i) => sameShape(shape, shapes[i] ?? [])))
      return given
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'stream',
      problem: `a layer needs states ${shapes.map(formatShape).join(', ')}, the piece before left ${given?.map(({ shape }) => formatShape(shape)).join(', ') ?? 'none'}`,
      fix: 'give each batch of a stream as many rows as the one before',
    })
  }

  after(layer: object, states: readonly Tensor[]): void {
    const visit = this.#visits.findLast((each) => each.layer === layer && each.after === undefined)
    if (visit === undefined) return
    visit.after = states.map((state) => {
      const own = keep(alias(state))
      own.tracker = state.tracker
      return own
    })
  }

  /** The states after the piece. */
  get states(): LayerStates {
    return this.#visits.map(({ after = [] }) => after)
  }

  /** @throws E_UNSUPPORTED when the model has come to no layer that can go on */
  assertUsed(): void {
    if (this.#visits.length > 0) return
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'stream',
      problem: 'no recurrent layer of this model goes on from the state that it left',
      fix: 'let forward hand its context on to the recurrent layers: layer.forward(x, child(context, name)); or train without truncate and continues',
    })
  }

  dispose(): void {
    for (const { after = [] } of this.#visits) for (const state of after) state.dispose()
  }
}

/** The states between two steps of a training. It owns its tensors, under the names `layer.state`. */
export class StreamState {
  readonly #tensors = new Map<string, Tensor>()
  /** Those before the last `advance`. */
  readonly #earlier = new Map<string, Tensor>()

  /** Whether the last batch was no part of a stream. */
  #left = false

  /** Undefined at the beginning. */
  get layers(): LayerStates | undefined {
    if (this.#tensors.size === 0) return undefined
    const layers: Tensor[][] = []
    for (const [name, each] of this.#tensors) (layers[Number(name.split('.')[0])] ??= []).push(each)
    return layers
  }

  /** A batch that is no part of a stream ends it. */
  leave(): void {
    this.reset()
    this.#left = true
  }

  /** @throws E_VALUE where a batch continues what is no stream */
  assertContinuable(): void {
    if (!this.#left) return
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'stream',
      problem: 'a batch continues the one before, which was no part of a stream',
      fix: 'give the batch with which a stream begins continues: false',
    })
  }

  /** Takes copies that no tape follows. */
  advance(states: LayerStates = []): void {
    const next = states.flatMap((each, layer) => each.map((state, i) => [`${layer}.${i}`, keep(copy(state))] as const))
    freeAll(this.#earlier)
    take(this.#earlier, this.#tensors)
    take(this.#tensors, next)
    this.#left = false
  }

  /** For a step that is left out: back to where the last `advance` began. */
  undo(): void {
    freeAll(this.#tensors)
    take(this.#tensors, this.#earlier)
  }

  /** For checkpoints. */
  tensors(): Record<string, Tensor> {
    return Object.fromEntries(this.#tensors)
  }

  /** Takes on saved states, bit for bit. */
  restore(backend: Backend, saved: Readonly<Record<string, HostArray>>): void {
    this.reset()
    const entries = Object.entries(saved).toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    for (const [name, { data, shape }] of entries) this.#tensors.set(name, keep(tensor(data, { backend, shape })))
  }

  /** Copies everything to another backend; the result then swaps at once. */
  async prepareMove(backend: Backend): Promise<PreparedMove> {
    const moved = await copyTo(backend, this.#tensors)
    return {
      cancel: () => freeAll(moved),
      swap: () => {
        this.reset()
        take(this.#tensors, moved)
      },
    }
  }

  /** Back to the beginning; frees everything. */
  reset(): void {
    freeAll(this.#tensors)
    freeAll(this.#earlier)
    this.#left = false
  }
}

/** Moves entries from one map, or list, into an empty map. */
function take(to: Map<string, Tensor>, from: Map<string, Tensor> | readonly (readonly [string, Tensor])[]): void {
  for (const [name, each] of from) to.set(name, each)
  if (from instanceof Map) from.clear()
}
