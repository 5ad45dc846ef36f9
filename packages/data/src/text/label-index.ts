/**
 * Labels as class numbers and back. Unlike a vocabulary it has no entry for the unknown: a label that was never seen is
 * an error.
 */

import { DataError, shown, shownList } from '../errors.ts'
import type { Place, Places } from '../errors.ts'
import { compareCodePoints } from './code-points.ts'

/** A saved {@link LabelIndex}. */
export interface LabelIndexJSON {
  readonly format: 'rnn-labels'
  readonly version: 1
  readonly labels: readonly string[]
}

/** An immutable two-way table of labels and class numbers. */
export interface LabelIndex {
  /** How many classes there are. */
  readonly size: number
  /** Every label by class number. */
  readonly labels: readonly string[]
  has(label: string): boolean
  /**
   * The class number of a label. Throws `E_UNKNOWN_LABEL`, which names the label, the place if given, and the known
   * labels.
   */
  id(label: string, place?: Place): number
  /** The label of a class number. Throws `E_ID`. */
  label(id: number): string
  /** The class numbers of labels, int32, as a new array that the caller owns. Throws as {@link id} does. */
  encode(labels: readonly string[], places?: Places): Int32Array
  /** For `JSON.stringify`; {@link labelIndexFromJSON} restores it. */
  toJSON(): LabelIndexJSON
}

/** Options of {@link labelIndex}. */
export interface LabelIndexOptions {
  /**
   * `'sorted'` (default, by code point: the same whatever the order of the data) or `'given'` (in order of first
   * appearance).
   */
  readonly order?: 'sorted' | 'given'
}

/**
 * Numbers the distinct labels from 0 on. Throws `E_EMPTY_LABEL` if one is empty.
 *
 * @example
 * ```ts
 * import { labelIndex } from '@rnn/data'
 * const index = labelIndex(['spam', 'ham', 'spam'])
 * index.labels // → ["ham", "spam"]
 * index.encode(['spam', 'ham']) // → [1, 0]
 * ```
 */
export function labelIndex(labels: Iterable<string>, { order = 'sorted' }: LabelIndexOptions = {}): LabelIndex {
  const distinct = [...new Set(labels)]
  if (order === 'sorted') distinct.sort(compareCodePoints)
  return labelIndexOf(distinct, 'E_EMPTY_LABEL')
}

/**
 * Restores a label index from what `JSON.parse` gives. Throws `E_JSON` that says what is wrong; `file` names it in the
 * message.
 */
export function labelIndexFromJSON(json: unknown, file?: string): LabelIndex {
  const { format, version, labels } = (json ?? {}) as { readonly [Key in keyof LabelIndexJSON]?: unknown }
  const fail = (problem: string, got: unknown, expected: unknown): never => {
    throw new DataError('E_JSON', { problem: `not a saved label index: ${problem}`, file, got, expected })
  }
  if (format !== 'rnn-labels') fail(`format is ${shown(format)}, expected "rnn-labels"`, format, 'rnn-labels')
  if (version !== 1) fail(`version is ${shown(version)}, this release reads version 1`, version, 1)
  if (!Array.isArray(labels)) return fail('labels is not a list', labels, 'a list of strings')
  const odd = labels.findIndex((label, i) => typeof label !== 'string' || labels.indexOf(label) !== i)
  if (odd >= 0)
    fail(`label ${odd} is ${shown(labels[odd])}, expected distinct strings`, labels[odd], 'distinct strings')
  return labelIndexOf(labels as string[], 'E_JSON', file)
}

/** The index of labels that are known to be distinct. */
function labelIndexOf(labels: readonly string[], code: 'E_EMPTY_LABEL' | 'E_JSON', file?: string): LabelIndex {
  const table = Object.freeze([...labels])
  const empty = table.findIndex((label) => label.trim() === '')
  if (empty >= 0) {
    throw new DataError(code, {
      problem: 'a label is empty',
      file,
      got: table[empty],
      expected: 'a label of at least one character',
    })
  }
  const ids = new Map(table.map((label, id) => [label, id]))
  const id = (label: string, place: Place = {}): number => {
    const found = ids.get(label)
    if (found !== undefined) return found
    throw new DataError('E_UNKNOWN_LABEL', {
      ...place,
      problem: `unknown label ${shown(label)}, known: ${shownList(table)}`,
      got: label,
      expected: table,
      fix: 'correct the label, or train with it',
    })
  }
  return {
    size: table.length,
    labels: table,
    has: (label) => ids.has(label),
    id,
    label: (number) => {
      const found = table[number]
      if (found !== undefined) return found
      throw new DataError('E_ID', {
        problem: `class ${shown(number)} is not one of ${table.length} labels`,
        got: number,
        expected: `0 to ${table.length - 1}`,
      })
    },
    encode: (list, { file: from, lines } = {}) =>
      Int32Array.from(list, (label, row) => id(label, { file: from, line: lines?.[row], row })),
    toJSON: () => ({ format: 'rnn-labels', version: 1, labels: table }),
  }
}
