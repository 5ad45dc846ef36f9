// Connectionist temporal classification as a loss: labels in their order, but nobody says when.

import {
  arange,
  cast,
  div,
  formatShape,
  full,
  less,
  maximum,
  minimum,
  reshape,
  RnnError,
  sameShape,
  scope,
  type Tensor,
} from '@rnn/core'
import type { Loss, LossContext, MeasuredLoss } from '../losses/loss.ts'
import { masked, rowWeights, weightedMean } from '../losses/weighted-mean.ts'
import { alignmentLosses } from './alignment-losses.ts'
import { atHand, checkForm, checkLabels, preparedLabels, type CtcTargets } from './labels.ts'

/** Options of {@link ctcLosses}. */
export interface CtcLossesOptions {
  /** The class that stands for "no label". Default: 0. */
  readonly blank?: number
  /** int32 `[batch]`: time steps past a row's length don't count, whatever the logits there, NaN as well. Default: all. */
  readonly lengths?: Tensor | undefined
  /** Rows with fewer time steps than their labels need get the loss 0. Default: an error where labels are at hand, else the loss is infinite. */
  readonly zeroInfinity?: boolean
}

/**
 * `−log p(labels | logits)` of each row, summed over all alignments of its labels with its time steps (Graves et al. 2006); PyTorch's
 * `ctc_loss(log_softmax(logits), …, reduction='none')`.
 *
 * Computed in logarithms that are brought back to about 0 every 16 steps, so that long sequences keep their digits. A row for which there is no alignment has gradient 0,
 * never NaN.
 *
 * ```ts
 * const logits = tensor([[[1, 2, 0], [2, 0, 1], [0, 0, 3]]], { backend })
 * const [surprise] = await ctcLosses(logits, tensor(Int32Array.of(1, 2), { backend, shape: [1, 2] })).data()
 * ```
 *
 * @param logits float32 `[batch, time, classes]`
 * @param targets int32 `[batch, labels]`, filled up with −1, or `{ labels, lengths }`
 * @returns float32 `[batch]`
 * @throws E_SHAPE, E_DTYPE for what doesn't fit; E_INDEX_RANGE, at once or at the next read, for a label that is no class, or the blank; E_VALUE for labels that need
 * more time steps than there are, where the backend has its memory at hand
 */
export function ctcLosses(logits: Tensor, targets: CtcTargets, options: CtcLossesOptions = {}): Tensor {
  const { blank = 0, lengths, zeroInfinity = false } = options
  checkBlank('ctc', blank)
  return scope(logits.backend, () => lossesOf(logits, targets, { blank, lengths, zeroInfinity }).losses)
}

interface Settings {
  readonly blank: number
  readonly lengths: Tensor | undefined
  readonly zeroInfinity: boolean
}

/** Which rows count: all of them, or those whose weight is not 0. */
interface RowsThatCount {
  /** bool `[batch]`. */
  readonly counted?: Tensor | undefined
  /** The weights, where they are at hand. */
  readonly weights?: ArrayLike<number> | undefined
}

function lossesOf(
  logits: Tensor,
  targets: CtcTargets,
  { blank, lengths, zeroInfinity }: Settings,
  { counted, weights }: RowsThatCount = {},
): { losses: Tensor; labelLengths: Tensor } {
  const { backend } = logits
  checkLogits(logits, blank, lengths)
  const [batch = 0, time = 0, classes = 0] = logits.shape
  const frames = atHand(lengths)
  checkFrames(frames, time, weights)
  checkForm('ctc', targets, batch)
  checkLabels('ctc', targets, { blank, classes, frames: frames ?? time, weights, impossibleRows: zeroInfinity })
  const { labels, lengths: labelLengths } = preparedLabels('ctc', targets, blank, classes, counted)
  const frameLengths =
    lengths === undefined ? full([batch], time, { backend, dtype: 'int32' }) : minimum(maximum(lengths, 0), time)
  const within = less(arange(time, { backend, dtype: 'int32' }), reshape(frameLengths, [batch, 1]))
  const known = masked(masked(logits, reshape(within, [batch, time, 1])), counted && reshape(counted, [batch, 1, 1]))
  const impossible = zeroInfinity ? 0 : Infinity
  return {
    losses: alignmentLosses({ logits: known, labels, labelLengths, frameLengths, blank, impossible }),
    labelLengths,
  }
}

function checkLogits(logits: Tensor, blank: number, lengths: Tensor | undefined): void {
  const [batch = 0, , classes = 0] = logits.shape
  if (logits.rank !== 3) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'ctc',
      problem: `the model's outputs have shape ${formatShape(logits.shape)}, expected [batch, time, classes]`,
      fix: 'let recurrent layers return the whole sequence',
    })
  }
  if (blank >= classes) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'ctc',
      problem: `the blank is ${blank}, there are ${classes} classes`,
      fix: `use 0 … ${classes - 1}; the classes are the labels and the blank`,
    })
  }
  if (lengths !== undefined && (lengths.dtype !== 'int32' || !sameShape(lengths.shape, [batch]))) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation: 'ctc',
      problem: `lengths are ${lengths.dtype} ${formatShape(lengths.shape)}, expected int32 [${batch}]`,
    })
  }
}

/** A model that makes a sequence shorter has lengths of its own. @throws E_VALUE */
function checkFrames(
  frames: ArrayLike<number> | undefined,
  time: number,
  weights: ArrayLike<number> | undefined,
): void {
  const fits = (length: number): boolean => length >= 0 && length <= time
  const row = Array.from(frames ?? []).findIndex((length, i) => !fits(length) && weights?.[i] !== 0)
  if (row < 0) return
  throw new RnnError({
    code: 'E_VALUE',
    operation: 'ctc',
    problem: `row ${row} has length ${frames?.[row]}, expected 0 … ${time}, the time steps of the model's outputs`,
    fix: 'where a model makes sequences shorter, the lengths must be those of its outputs',
  })
}

/** Options of {@link ctc}. */
export interface CtcOptions extends Omit<CtcLossesOptions, 'lengths'> {
  /**
   * Whether the loss of a row is divided by the number of its labels (but at least 1) before the mean is taken, as PyTorch's `CTCLoss` does; false: long rows weigh more, as
   * in Keras. Default: true.
   */
  readonly perLabel?: boolean
}

/**
 * Connectionist temporal classification (Graves et al. 2006): trains a model that gives one row of logits for each time step with targets that say only which labels come, in which order.
 * The mean over the batch of {@link ctcLosses}; with sample weights, `Σ w·e / Σ w`, and a row of weight 0 may be anything, also labels that are none.
 *
 * Outputs are logits `[batch, time, classes]`, where one class is the blank. Targets are int32 `[batch, labels]`, filled up with −1, or `{ labels, lengths }`. Time steps past a row's length
 * don't count.
 *
 * ```ts
 * const model = sequential(bidirectional(lstm({ units: 64, inputSize: 40 })), dense({ units: 1 + letters.length }))
 * await model.init(backend, { seed: 1 })
 * await fit(model, trainSet, { loss: ctc(), optimizer: adam({ learningRate: 1e-3 }), epochs: 20, metrics: [labelErrorRate()] })
 * ```
 *
 * `fit` and `evaluate` look at the labels of each batch before its step, on any backend: E_INDEX_RANGE for a label that is none, E_VALUE for more labels than the time steps
 * of a row hold (see `zeroInfinity`).
 *
 * @throws E_VALUE for a blank that is none; `compute` throws as `ctcLosses` does
 */
export function ctc(options: CtcOptions = {}): Loss<Tensor, CtcTargets> {
  const { blank = 0, zeroInfinity = false, perLabel = true } = options
  checkBlank('ctc', blank)
  const measure = (outputs: Tensor, targets: CtcTargets, context: LossContext): MeasuredLoss => {
    const { lengths, sampleWeights } = context
    const weights = rowWeights('ctc', outputs.shape.slice(0, 1), { sampleWeights })
    const settings = { blank, lengths, zeroInfinity }
    const rows = { counted: weights.counted, weights: atHand(sampleWeights) }
    const { losses, labelLengths } = lossesOf(outputs, targets, settings, rows)
    const each = perLabel ? div(losses, maximum(cast(labelLengths, 'float32'), 1)) : losses
    return weightedMean(masked(each, weights.counted), weights)
  }
  return {
    name: 'ctc',
    configuration: { blank, zeroInfinity, perLabel },
    check(targets, lengths, sampleWeights) {
      checkForm('ctc', targets)
      const weights = sampleWeights?.shape.length === 1 ? sampleWeights : undefined // others are refused by `measure`
      // Nobody knows yet which rows count.
      if (weights !== undefined && atHand(weights) === undefined) return
      checkLabels('ctc', targets, {
        blank,
        frames: atHand(lengths),
        weights: atHand(weights),
        impossibleRows: zeroInfinity,
      })
    },
    compute: (outputs, targets, context = {}) => scope(outputs.backend, () => measure(outputs, targets, context).mean),
    measure: (outputs, targets, context = {}) => scope(outputs.backend, () => measure(outputs, targets, context)),
  }
}

/** @throws E_VALUE */
export function checkBlank(operation: string, blank: number): void {
  if (Number.isInteger(blank) && blank >= 0) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `blank ${blank}`,
    fix: 'use the number of a class, from 0 on',
  })
}
