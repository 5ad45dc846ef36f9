// Precision, recall and F1: how much of what was called a class is of it, how much of it was found, and both in one.

import { RnnError } from '@rnn/core'
import { countPairs, pairsOf } from './confusion-matrix.ts'
import type { Metric } from './metric.ts'

/** Options of {@link precision}, {@link recall} and {@link f1}. */
export interface ClassScoreOptions<Name extends string = string> {
  /**
   * `macro`: the mean over classes, each counting the same; `micro`: the counts of all classes together, so that frequent ones count more (over all classes this is the accuracy). Default: `macro`.
   */
  readonly average?: 'macro' | 'micro'
  /**
   * The classes that count, as `[1]` for yes among yes and no, or all but "outside" for tags. Default: all that occur among targets or predictions, as in scikit-learn.
   */
  readonly classes?: readonly number[]
  /** Class indices with this value don't count; −1 never counts. Default: −1. */
  readonly ignoreIndex?: number
  /** The name under which the value is found. Default: that of the function. */
  readonly name?: Name
}

/** What is known of a class. */
interface ClassCounts {
  readonly hits: number
  readonly predicted: number
  readonly actual: number
}

type Score = (counts: ClassCounts) => number

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/**
 * Of those predicted as a class, the share that is of it; 0 where none was. Outputs and targets as for `accuracy`, over samples or time steps within their lengths.
 *
 * ```ts
 * const { metrics } = await evaluate(model, testSet, { metrics: [precision({ classes: [1] }), recall({ classes: [1] })] })
 * metrics.precision // 0.8
 * ```
 *
 * `count` throws as that of `accuracy` does.
 *
 * @throws E_VALUE for classes that are none; `count`, too, for one that the model doesn't have
 */
export function precision<const Name extends string = 'precision'>(
  options: ClassScoreOptions<Name> = {},
): Metric<Name, number> {
  return classScore('precision', options, ({ hits, predicted }) => share(hits, predicted))
}

/** Of those that are of a class, the share that was found; 0 where there are none. Otherwise as {@link precision}. */
export function recall<const Name extends string = 'recall'>(
  options: ClassScoreOptions<Name> = {},
): Metric<Name, number> {
  return classScore('recall', options, ({ hits, actual }) => share(hits, actual))
}

/** The harmonic mean of precision and recall; `macro` is the mean of that of each class. Otherwise as {@link precision}. */
export function f1<const Name extends string = 'f1'>(options: ClassScoreOptions<Name> = {}): Metric<Name, number> {
  return classScore('f1', options, ({ hits, predicted, actual }) => share(2 * hits, predicted + actual))
}

function classScore<Name extends string>(
  operation: string,
  { average = 'macro', classes, ignoreIndex = -1, name = operation as Name }: ClassScoreOptions<Name>,
  score: Score,
): Metric<Name, number> {
  if (average !== 'macro' && average !== 'micro')
    throw invalid(operation, `average '${String(average)}'`, "use 'macro' or 'micro'")
  if (
    classes?.some((each, i) => !Number.isInteger(each) || each < 0 || classes.indexOf(each) !== i) ||
    classes?.length === 0
  ) {
    throw invalid(operation, `classes [${String(classes)}]`, 'give the number of each class once, at least one')
  }
  return {
    name,
    better: 'more',
    count(outputs, targets, context) {
      const width = outputs.shape.at(-1) === 1 ? 2 : (outputs.shape.at(-1) ?? 0)
      const missing = classes?.find((each) => each >= width)
      if (missing !== undefined) throw invalid(operation, `class ${missing} of ${width}`, `use 0 … ${width - 1}`)
      return countPairs(operation, outputs, targets, context, ignoreIndex)
    },
    value(counts, shape) {
      const all = byClass(pairsOf(operation, counts, shape), shape[1])
      const chosen =
        classes?.flatMap((each) => all[each] ?? []) ?? all.filter(({ predicted, actual }) => predicted + actual > 0)
      if (average === 'macro') return share(sumOf(chosen.map(score)), chosen.length)
      const together = (part: keyof ClassCounts): number => sumOf(chosen.map((each) => each[part]))
      return score({ hits: together('hits'), predicted: together('predicted'), actual: together('actual') })
    },
  }
}

/** Row sums and column sums of right class × predicted class. */
function byClass(counts: ArrayLike<number>, classes = 0): ClassCounts[] {
  const at = (actual: number, predicted: number): number => counts[actual * classes + predicted] ?? 0
  const each = Array.from({ length: classes }, (_, c) => c)
  return each.map((c) => ({
    hits: at(c, c),
    predicted: sumOf(each.map((actual) => at(actual, c))),
    actual: sumOf(each.map((predicted) => at(c, predicted))),
  }))
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function invalid(operation: string, problem: string, fix: string): RnnError {
  return new RnnError({ code: 'E_VALUE', operation, problem, fix })
}
