// The tape: follows what is computed from watched tensors, then walks back through it once.

import { copy, scope, type OpRecord, type Recorder, type Shape, type Tensor } from '@rnn/core'
import { Accumulator } from './accumulator.ts'
import { saveTensor, type Saved } from './saved.ts'
import { differentiate } from './vjps/index.ts'
import type { Backward } from './vjps/rule.ts'

/** One op on the tape. It holds ids and saved values, never the tensors of the forward pass. */
interface Node {
  readonly backward: Backward
  readonly inputs: readonly (number | undefined)[]
  readonly outputs: readonly (number | undefined)[]
  readonly saved: readonly Saved[]
}

/** Records one computation and differentiates it once. */
export class Tape implements Recorder {
  closed = false
  readonly #nodes: Node[] = []
  /** Shapes of the tensors that are followed, by id. */
  readonly #shapes: Shape[] = []

  /** Follows a tensor from now on. */
  watch(tensor: Tensor): number {
    const known = this.idOf(tensor)
    if (known !== undefined) return known
    const id = this.#shapes.push(tensor.shape) - 1
    tensor.tracker = { recorder: this, id }
    return id
  }

  record(entry: OpRecord, operation: string): void {
    const inputs = entry.inputs.map((tensor) => this.idOf(tensor))
    const saved: Saved[] = []
    const backward = differentiate(entry, {
      needs: inputs.map((id) => id !== undefined),
      save(tensor) {
        const one = saveTensor(tensor, operation)
        saved.push(one)
        return one
      },
    })
    if (backward === null) return
    const outputs = entry.outputs.map((tensor) => (tensor?.dtype === 'float32' ? this.watch(tensor) : undefined))
    this.#nodes.push({ backward, inputs, outputs, saved })
  }

  /** The id under which this tape follows a tensor. */
  idOf(tensor: Tensor | null): number | undefined {
    return tensor?.tracker?.recorder === this ? tensor.tracker.id : undefined
  }

  /**
   * Gradients of `value` with respect to watched tensors, from the last op to the first; what an op has saved is let go as soon as it is used. The
   * gradients belong to the caller's scope. Works once.
   *
   * @param value scalar, with the id `from`
   * @param seed gradient of the result with respect to `value`
   */
  gradients(from: number, seed: Tensor, wanted: readonly number[]): Tensor[] {
    const { backend } = seed
    const accumulators = new Map<number, Accumulator>()
    const accumulatorOf = (id: number): Accumulator => {
      const found = accumulators.get(id) ?? new Accumulator(backend, this.#shapes[id] ?? [])
      accumulators.set(id, found)
      return found
    }
    const isWanted = new Set(wanted)
    try {
      accumulatorOf(from).add({ kind: 'whole', input: 0, gradient: seed })
      for (let node = this.#nodes.pop(); node !== undefined; node = this.#nodes.pop()) {
        const { backward, inputs, outputs, saved } = node
        try {
          const gradients = outputs.map((id) => (id === undefined ? null : (accumulators.get(id)?.sum ?? null)))
          if (gradients.every((gradient) => gradient === null)) continue
          scope(backend, () => {
            for (const contribution of backward(gradients)) {
              const id = inputs[contribution.input]
              if (id !== undefined) accumulatorOf(id).add(contribution)
            }
          })
        } finally {
          for (const each of saved) each.release()
        }
        for (const id of outputs) {
          if (id === undefined || isWanted.has(id)) continue
          accumulators.get(id)?.release()
          accumulators.delete(id)
        }
      }
      const taken = new Map<number, Tensor>()
      return wanted.map((id) => {
        const earlier = taken.get(id)
        const gradient = earlier === undefined ? accumulatorOf(id).take() : copy(earlier) // a parameter named twice
        taken.set(id, gradient)
        return gradient
      })
    } finally {
      for (const accumulator of accumulators.values()) accumulator.release()
    }
  }

  /** Ends recording, without forgetting what was recorded. */
  close(): void {
    this.closed = true
  }

  /** Lets go of everything. */
  dispose(): void {
    this.close()
    for (const { saved } of this.#nodes.splice(0)) for (const each of saved) each.release()
  }
}
