// Label sequences for CTC: the forms in which they are given, and what must hold for them.

import {
  arange,
  cast,
  equal,
  formatShape,
  full,
  greaterEqual,
  less,
  maximum,
  minimum,
  reshape,
  RnnError,
  sameShape,
  select,
  sum,
  Tensor,
} from '@rnn/core'
import type { HostArray } from '@rnn/layers'
import { masked } from '../losses/weighted-mean.ts'
import { checkClassRange } from '../metrics/class-labels.ts'

/** Label sequences with their lengths. */
export interface CtcLabels {
  /** int32 `[batch, labels]`: class indices without the blank; beyond a row's length anything. */
  readonly labels: Tensor
  /** int32 `[batch]`. */
  readonly lengths: Tensor
}

/** Label sequences: int32 `[batch, labels]`, filled up with −1, or with lengths beside them. */
export type CtcTargets = Tensor | CtcLabels

/** As {@link CtcTargets}, on the device or on the host. */
type AnyLabels = Tensor | HostArray | { readonly labels: Tensor | HostArray; readonly lengths: Tensor | HostArray }

/** What labels must fit. */
export interface LabelRules {
  readonly blank: number
  /** Unknown before the model has run. */
  readonly classes?: number | undefined
  /** Time steps of the rows, for all or each; undefined where nobody knows them yet. */
  readonly frames?: number | ArrayLike<number> | undefined
  /** The weight of each row: one of 0 is not looked at. */
  readonly weights?: ArrayLike<number> | undefined
  /** Whether a row may have fewer time steps than its labels need. */
  readonly impossibleRows: boolean
}

/** @throws E_SHAPE, E_DTYPE for labels that are none */
export function checkForm(operation: string, targets: AnyLabels, batch?: number): void {
  const { labels, lengths } = partsOf(targets)
  const [rows = 0] = labels.shape
  const fits = labels.shape.length === 2 && (batch === undefined || rows === batch)
  const lengthsFit = lengths === undefined || sameShape(lengths.shape, [rows])
  if (!fits || !lengthsFit) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: fits
        ? `the labels' lengths have shape ${formatShape(lengths?.shape ?? [])}, the labels ${formatShape(labels.shape)}`
        : `labels have shape ${formatShape(labels.shape)}, expected [${batch ?? 'batch'}, labels]`,
      fix: 'give one row of class indices for each sequence, filled up with −1, or with the lengths of the rows',
    })
  }
  for (const [name, each] of [
    ['labels', labels],
    ["the labels' lengths", lengths],
  ] as const) {
    if (each === undefined || isInt32(each)) continue
    const dtype = each instanceof Tensor ? each.dtype : 'float32'
    const problem = `${name} are ${dtype}, expected int32`
    throw new RnnError({ code: 'E_DTYPE', operation, problem, fix: 'put them into an Int32Array' })
  }
}

/** Labels and lengths of any form; lengths are undefined where −1 ends a row. */
export function partsOf<Labels extends AnyLabels>(
  targets: Labels,
): { readonly labels: Tensor | HostArray; readonly lengths: Tensor | HostArray | undefined } {
  return 'labels' in targets ? targets : { labels: targets, lengths: undefined }
}

function isInt32(array: Tensor | HostArray): boolean {
  return array instanceof Tensor ? array.dtype === 'int32' : array.data instanceof Int32Array
}

/** The elements where they can be had at once. */
export function atHand(array: Tensor | HostArray | undefined): ArrayLike<number> | undefined {
  if (array === undefined) return undefined
  if (!(array instanceof Tensor)) return array.data
  return array.backend.readSync === undefined ? undefined : array.dataSync()
}

/**
 * Looks at labels in host memory: each a class and not the blank, and time steps enough. Does nothing where they are not at hand.
 *
 * @throws E_INDEX_RANGE, E_VALUE, naming the row
 */
export function checkLabels(operation: string, targets: AnyLabels, rules: LabelRules): void {
  const { labels, lengths } = partsOf(targets)
  const [values, ends] = [atHand(labels), atHand(lengths)]
  if (values === undefined || (lengths !== undefined && ends === undefined)) return
  const [rows = 0, longest = 0] = labels.shape
  for (let row = 0; row < rows; row++) {
    if (rules.weights?.[row] === 0) continue
    const all = Array.from({ length: longest }, (_, i) => values[row * longest + i] ?? -1)
    checkRow(operation, row, all, ends?.[row], rules)
  }
}

function checkRow(
  operation: string,
  row: number,
  all: readonly number[],
  given: number | undefined,
  rules: LabelRules,
): void {
  const { blank, classes, frames, impossibleRows } = rules
  const length = given ?? lengthOf(all)
  if (!(length >= 0 && length <= all.length)) {
    const problem = `row ${row} has ${length} labels, expected 0 … ${all.length}`
    throw new RnnError({ code: 'E_VALUE', operation, problem })
  }
  const own = all.slice(0, length)
  const bad = own.findIndex((label) => label < 0 || label === blank || label >= (classes ?? Infinity))
  if (bad >= 0) {
    throw new RnnError({
      code: 'E_INDEX_RANGE',
      operation,
      problem: `label ${bad} of row ${row} is ${own[bad]}${own[bad] === blank ? ', the blank' : ''}`,
      fix: `labels are 0 … ${classes === undefined ? 'below the number of classes' : classes - 1} without the blank, ${blank}; −1 fills up the end of a row only`,
    })
  }
  const there = typeof frames === 'number' ? frames : frames?.[row]
  const needed = leastFrames(own)
  if (impossibleRows || there === undefined || needed <= there) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `row ${row} has ${length} labels, which need ${needed} time steps${needed > length ? ' (a blank between two that are equal)' : ''}, but there are ${there}`,
    fix: 'leave the row out, give it more time steps, or let such rows count 0 with zeroInfinity',
  })
}

/** Labels of a row that −1 ends; what stands after −1 is found by its caller. */
function lengthOf(row: readonly number[]): number {
  return row.findLastIndex((label) => label !== -1) + 1
}

/** Time steps that an alignment of these labels takes at least: one for each, and a blank between two that are equal. */
export function leastFrames(labels: ArrayLike<number>): number {
  let frames = labels.length
  for (let i = 1; i < labels.length; i++) if (labels[i] === labels[i - 1]) frames++
  return frames
}

/**
 * Labels on the device as the computation wants them: at least one column, lengths within it. Rows that don't count (`counted`: bool `[batch]`) have none.
 *
 * @throws E_INDEX_RANGE, at once or at the next read, for a label that is none or the blank
 */
export function preparedLabels(
  operation: string,
  targets: CtcTargets,
  blank: number,
  classes: number,
  counted?: Tensor,
): CtcLabels {
  const given = targets instanceof Tensor ? targets : targets.labels
  const { backend } = given
  const [rows = 0, longest = 0] = given.shape
  const int32 = { backend, dtype: 'int32' } as const
  const labels = longest === 0 ? full([rows, 1], -1, int32) : given
  const width = Math.max(longest, 1)
  const whole =
    targets instanceof Tensor
      ? sum(cast(greaterEqual(labels, 0), 'int32'), { axis: 1 })
      : minimum(maximum(targets.lengths, 0), longest)
  const lengths = masked(whole, counted)
  const own = less(arange(width, int32), reshape(lengths, [rows, 1]))
  checkClassRange(operation, select(own, select(equal(labels, blank), classes, labels), -1), classes)
  return { labels, lengths }
}
