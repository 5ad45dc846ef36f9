/** Labelled texts: from a table file, or from the corpus that the program brings along. */

import {
  labelledTexts,
  readTable,
  trainValidationSplit,
  type LabelledTexts,
  type Split,
  type SplitOptions,
} from '@rnn/data'
import type { Review } from './corpus/corpus.ts'
import { AppError, hasCode } from 'app-kit/errors'
import { readText, shownPath } from 'app-kit/files'

/** Labelled texts that know where they came from; those of the corpus also by which construction they were made. */
export interface Examples extends LabelledTexts {
  readonly constructions?: readonly string[]
}

/** Reads a TSV or CSV with the columns label and text. @throws E_FILE, and what `readTable` and `labelledTexts` throw, with file and line */
export async function readExamples(path: string): Promise<Examples> {
  const text = await readText(path, 'check the path')
  const table = await readTable(text, { name: shownPath(path), columns: ['label', 'text'] })
  return labelledTexts(table, { label: 'label', text: 'text' })
}

/** A part of the embedded corpus. */
export function corpusExamples(part: string, reviews: readonly Review[]): Examples {
  return {
    file: `embedded corpus (${part})`,
    texts: reviews.map(({ text }) => text),
    labels: reviews.map(({ label }) => label),
    lines: reviews.map((_, i) => i + 1),
    constructions: reviews.map(({ construction }) => construction),
  }
}

/** Takes a share of each label's examples away for validation. @throws E_SPLIT when there are too few */
export function splitExamples(
  examples: Examples,
  validation: number,
  seed: number,
): { readonly train: Examples; readonly validation: Examples } {
  const rows = examples.texts.map((_, row) => row)
  const split = splitRows(rows, { validation, seed, stratifyBy: (row) => examples.labels[row] ?? '' }, examples.file)
  return { train: takeRows(examples, split.train), validation: takeRows(examples, split.validation) }
}

function splitRows(rows: readonly number[], options: SplitOptions<number>, file: string | undefined): Split<number> {
  try {
    return trainValidationSplit(rows, options)
  } catch (error) {
    if (!hasCode(error, 'E_SPLIT')) throw error
    throw new AppError(
      'E_SPLIT',
      `${file ?? 'the data'}: ${rows.length} texts are too few to hold some of each label out`,
      'give more, or a file to measure by with --validation or --test, or --validation 0 for none',
      error,
    )
  }
}

function takeRows(examples: Examples, rows: readonly number[]): Examples {
  const pick = <T>(items: readonly T[]): T[] => rows.map((row) => items[row] as T)
  const { file, texts, labels, lines, constructions } = examples
  return {
    file,
    texts: pick(texts),
    labels: pick(labels),
    lines: pick(lines),
    ...(constructions !== undefined && { constructions: pick(constructions) }),
  }
}
