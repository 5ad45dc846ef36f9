/** Labelled texts: from a table file, or from the corpus that the program brings along. */

import { labelledTexts, readTable, trainValidationSplit, type LabelledTexts } from '@rnn/data'
import type { Review } from './corpus/corpus.ts'
import { readText } from './files.ts'

/** Labelled texts that know where they came from; those of the corpus also by which construction they were made. */
export interface Examples extends LabelledTexts {
  readonly constructions?: readonly string[]
}

/** Reads a TSV or CSV with the columns label and text. @throws E_FILE, and what `readTable` and `labelledTexts` throw, with file and line */
export async function readExamples(path: string): Promise<Examples> {
  const text = await readText(path, 'check the path')
  const table = await readTable(text, { name: path, columns: ['label', 'text'] })
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
  const split = trainValidationSplit(rows, { validation, seed, stratifyBy: (row) => examples.labels[row] ?? '' })
  return { train: takeRows(examples, split.train), validation: takeRows(examples, split.validation) }
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
