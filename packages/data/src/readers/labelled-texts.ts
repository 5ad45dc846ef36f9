/**
 * The labels and texts of a table, checked, with the lines they came from: what `textDataset` and `labelIndex` take.
 */

import { DataError } from '../errors.ts'
import type { Rows } from './table.ts'

/** Texts with their labels; spread it into `textDataset` so that its messages name file and line. */
export interface LabelledTexts {
  readonly file: string | undefined
  readonly texts: readonly string[]
  /** Trimmed. */
  readonly labels: readonly string[]
  /** The line of each, from 1. */
  readonly lines: readonly number[]
}

/**
 * Takes a label column and a text column out of a table. Throws `E_EMPTY_LABEL` and `E_NO_WORDS`, with file and line.
 *
 * @example
 * ```ts
 * import { labelledTexts, parseTable } from '@rnn/data'
 * const table = parseTable('label,text\nham,"Hello, you"', { columns: ['label', 'text'] })
 * labelledTexts(table, { label: 'label', text: 'text' }).texts // → ["Hello, you"]
 * ```
 */
export function labelledTexts<Column extends string>(
  table: Rows<Column>,
  { label, text }: { readonly label: NoInfer<Column>; readonly text: NoInfer<Column> },
): LabelledTexts {
  const { file } = table
  for (const { line, values } of table.rows) {
    if (values[label].trim() === '') {
      throw new DataError('E_EMPTY_LABEL', {
        file,
        line,
        problem: `the column "${label}" is empty`,
        got: values[label],
        expected: 'a label',
        fix: 'fill it in or remove the line',
      })
    }
    if (values[text].trim() === '') {
      throw new DataError('E_NO_WORDS', {
        file,
        line,
        problem: `a text of no words: the column "${text}" is empty`,
        got: values[text],
        expected: 'at least one word',
        fix: 'fill it in or remove the line',
      })
    }
  }
  return {
    file,
    texts: table.rows.map(({ values }) => values[text]),
    labels: table.rows.map(({ values }) => values[label].trim()),
    lines: table.rows.map(({ line }) => line),
  }
}
