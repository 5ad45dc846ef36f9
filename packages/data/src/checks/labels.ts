/** Checks of labels before training. */

import { DataError, shown } from '../errors.ts'

/**
 * Throws `E_ONE_CLASS` unless there are at least two different labels: a classifier of one class has nothing to learn.
 * For training data; a test file may well hold one class.
 *
 * @example
 * ```ts
 * import { checkClasses } from '@rnn/data'
 * let message
 * try {
 *   checkClasses(['spam', 'spam'], { file: 'train.tsv' })
 * } catch (error) {
 *   message = error.message
 * }
 * message // → "train.tsv: the only label is \"spam\"; training needs examples of at least two labels"
 * ```
 */
export function checkClasses(labels: readonly string[], { file }: { readonly file?: string | undefined } = {}): void {
  const distinct = new Set(labels)
  if (distinct.size > 1) return
  const [only] = distinct
  throw new DataError('E_ONE_CLASS', {
    file,
    problem: only === undefined ? 'there are no labels' : `the only label is ${shown(only)}`,
    got: [...distinct],
    expected: 'at least two different labels',
    fix: 'training needs examples of at least two labels',
  })
}
