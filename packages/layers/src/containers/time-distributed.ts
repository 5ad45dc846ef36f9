// One layer for every time step.

import {
  formatShape,
  greaterEqual,
  logicalAnd,
  mul,
  reshape,
  RnnError,
  scope,
  zeros,
  type Backend,
  type Tensor,
} from '@rnn/core'
import type { ModuleConfig } from '../config/config.ts'
import { child, INFERENCE, type ForwardContext, type PassNotes } from '../context.ts'
import { timeMask } from '../layers/time-mask.ts'
import { Module } from '../module.ts'

/** `[batch, time, …]` → `[batch, time, …]`, each step by the same layer as a sample of its own. The child is named `layer`. */
export class TimeDistributed extends Module {
  readonly layer: Module

  constructor(layer: Module) {
    super()
    this.layer = layer
  }

  override get type(): string {
    return 'timeDistributed'
  }

  override get outputSize(): number | undefined {
    return this.layer.outputSize
  }

  override build(inputSize: number | undefined): number | undefined {
    return this.layer.build(inputSize)
  }

  /**
   * @param x `[batch, time, …]`, what the layer takes after time
   * @returns `[batch, time, …]`, what the layer gives after time; steps past a row's end are computed as the others are
   * @throws E_SHAPE for an input without time, or a layer that doesn't give one result for each sample
   */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    const [batch, time, ...features] = x.shape
    if (batch === undefined || time === undefined)
      throw misfit(`the input has shape ${formatShape(x.shape)}, expected [batch, time, …]`)
    return scope(x.backend, () => {
      // Lengths, gaps and the states of a stream are of this module's time steps: within one of them there is nothing that they could be of.
      const notes = notesWithin(context, batch, time, x.backend)
      const inner = { ...child(context, 'layer'), lengths: undefined, gaps: undefined, carry: undefined, notes }
      const y = this.layer.forward(reshape(x, [batch * time, ...features]), inner)
      const [samples, ...rest] = y.shape
      if (samples !== batch * time) {
        throw misfit(`the ${this.layer.type} layer turns ${batch * time} samples into ${formatShape(y.shape)}`)
      }
      return reshape(y, [batch, time, ...rest])
    })
  }

  override toJSON(): ModuleConfig {
    return { type: 'timeDistributed', layer: this.layer.toJSON() }
  }
}

/** What is said within: a penalty is divided by the rows of the batch, which are time steps there, and those past a row's end don't count. */
function notesWithin(context: ForwardContext, batch: number, time: number, backend: Backend): PassNotes | undefined {
  const { notes, lengths } = context
  if (notes === undefined) return undefined
  let rows = lengths && timeMask(lengths, time)
  if (notes.rows?.size === batch)
    rows = logicalAnd(reshape(notes.rows, [batch, 1, 1]), rows ?? greaterEqual(zeros([1, time, 1], { backend }), 0))
  return {
    penalty: (term) => notes.penalty(mul(term, time)),
    counted: () => {},
    rows: rows && reshape(rows, [batch * time]),
  }
}

function misfit(problem: string): RnnError {
  return new RnnError({ code: 'E_SHAPE', operation: 'timeDistributed', problem })
}

/**
 * Applies a layer to every time step by itself. `dense` and others that work on the last axis need no such container; layers over images, or over sequences
 * within a step, do. Each step is whole: recurrent layers within begin anew, in a stream as well.
 *
 * ```ts
 * // sentences of words of characters: int32 [batch, words, characters] → [batch, words, 2·16] → [batch, 64]
 * const words = timeDistributed(sequential(embedding({ vocabularySize: 60, units: 8 }), bidirectional(gru({ units: 16, returns: 'last' }))))
 * sequential(words, gru({ units: 64, returns: 'last' }))
 * ```
 */
export function timeDistributed(layer: Module): TimeDistributed {
  return new TimeDistributed(layer)
}
