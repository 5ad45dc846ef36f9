// Steps that stand for nothing, told by their value.

import {
  add,
  arange,
  cast,
  detach,
  formatShape,
  greater,
  less,
  linearScan,
  logicalAnd,
  max,
  mul,
  notEqual,
  ones,
  reshape,
  RnnError,
  scatterAdd,
  scope,
  select,
  slice,
  sub,
  zeros,
  type Tensor,
} from '@rnn/core'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type ClosedGaps, type ForwardContext } from '../context.ts'
import { moved } from './gaps.ts'
import { SameSize } from './same-size.ts'

/** Options of `masking`. */
export interface MaskingOptions {
  /** A step all of whose features are this value doesn't count. Default: 0. */
  readonly value?: number
}

/** Moves the steps that count to the front of their rows; the layers after it are told how many they are. No parameters. */
export class Masking extends SameSize {
  readonly value: number

  constructor(options: MaskingOptions = {}) {
    super()
    const { value = 0 } = options
    if (!Number.isFinite(value)) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: 'masking',
        problem: `value is ${String(value)}`,
        fix: 'mark steps with a finite number',
      })
    }
    this.value = value
  }

  override get type(): string {
    return 'masking'
  }

  /** @param x float32 `[batch, time, …features]`, or ids, int32 `[batch, time]` @returns the same shape, with the gaps closed and zeros after them */
  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    checkSteps(x)
    if (x.size === 0) return x
    return scope(x.backend, () => moved(x, this.#closing(x, context).gaps.sources))
  }

  override contextAfter(x: Tensor, context: ForwardContext): ForwardContext {
    if (x.size === 0) return context
    return scope(x.backend, () => ({ ...context, ...this.#closing(x, context) }))
  }

  /** How many steps of each row count, and where the steps go. */
  #closing(
    x: Tensor,
    { lengths, gaps: outer }: ForwardContext,
  ): { readonly lengths: Tensor; readonly gaps: ClosedGaps } {
    const { backend } = x
    const [batch = 0, time = 0, ...features] = x.shape
    const differs = notEqual(detach(x), this.value)
    const any = features.length === 0 ? differs : max(differs, { axis: features.map((_, i) => i + 2) })
    const within = lengths && less(reshape(arange(time, { backend }), [1, time]), reshape(lengths, [batch, 1]))
    const counted = within === undefined ? any : logicalAnd(any, within)
    const steps = cast(counted, 'float32')
    // How many steps count up to each, itself included.
    const counts = linearScan(ones([batch, time, 1], { backend }), reshape(steps, [batch, time, 1]))
    const rows = reshape(mul(arange(batch, { backend }), time), [batch, 1])
    const place = add(sub(cast(reshape(counts, [batch, time]), 'int32'), 1), rows)
    const places = reshape(select(counted, place, -1), [batch * time])
    const from = zeros([batch, time], { backend })
    const numbers = add(cast(arange(time, { backend }), 'float32'), zeros([batch, time], { backend }))
    scatterAdd(reshape(from, [batch * time]), places, reshape(add(numbers, 1), [batch * time]))
    const sources = select(greater(from, 0), add(sub(cast(from, 'int32'), 1), rows), -1)
    return {
      lengths: reshape(cast(slice(counts, 1, time - 1, 1), 'int32'), [batch]),
      gaps: { counted, places, sources: reshape(sources, [batch * time]), outer },
    }
  }

  override toJSON(): ModuleConfig {
    return describe('masking', { value: this.value })
  }
}

function checkSteps(x: Tensor): void {
  if (x.rank >= 2) return
  throw new RnnError({
    code: 'E_SHAPE',
    operation: 'masking',
    problem: `the input has shape ${formatShape(x.shape)}, expected [batch, time, …]`,
  })
}

/**
 * Leaves out the steps all of whose features are `value`, wherever they stand: for the layers after it, the others stand side by side at the beginning of their
 * rows, and their number is the row's length. So recurrent layers, attention and pooling see nothing of the rest. What the outermost `sequential` (or
 * `residual`, `highway`) around it gives for each step stands at its own place again, with zeros in the gaps, and `fit` and `evaluate` don't count those. In a
 * module of your own, that is the end of the `sequential`: what goes on from there is told nothing of the gaps. In a stream, states stand still over such a step.
 *
 * ```ts
 * sequential(masking({ value: -1 }), lstm({ units: 32, inputSize: 8, returns: 'last' }), dense({ units: 1 }))
 * sequential(masking(), embedding({ vocabularySize: 5000, units: 64 }), gru({ units: 64, returns: 'last' })) // ids, 0 is padding on either side
 * ```
 *
 * @throws E_VALUE for a value that isn't finite
 */
export function masking(options: MaskingOptions = {}): Masking {
  return new Masking(options)
}
