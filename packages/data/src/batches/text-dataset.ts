/** A data set of labelled sequences of ids: what a text classifier trains on. */

import { checkWhole, DataError, shown } from '../errors.ts'
import type { HostArray } from '../host-array.ts'
import { checkPadding, checkRows, padSequences } from '../sequences/padding.ts'
import type { PaddingOptions } from '../sequences/padding.ts'
import { encodeTexts } from '../text/encode-texts.ts'
import type { LabelIndex } from '../text/label-index.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { Vocabulary } from '../text/vocabulary.ts'
import { rowDataset } from './batch-source.ts'
import type { BatchingOptions, Dataset } from './batch-source.ts'

/** Sequences for {@link textDataset}: either ids, or texts with what turns them into ids. */
export type TextSequences =
  | { readonly ids: readonly ArrayLike<number>[] }
  | { readonly texts: readonly string[]; readonly tokenizer: Tokenizer; readonly vocabulary: Vocabulary }

/** Labels for {@link textDataset}: either class numbers, or labels with their index. */
export type TextLabels =
  | { readonly labels: ArrayLike<number> }
  | { readonly labels: readonly string[]; readonly labelIndex: LabelIndex }

/** Options of {@link textDataset}. */
export type TextDatasetOptions = TextSequences &
  TextLabels &
  BatchingOptions &
  PaddingOptions & {
    /** Batches of similar length, so that little is padding. Default true. */
    readonly bucketing?: boolean
    /** How many batches are sorted by length together. Default 100. */
    readonly pool?: number
  }

/**
 * Batches of ids, int32 `[batch, time]`, with targets and lengths, int32 `[batch]`; no lengths where the padding is at
 * the start.
 */
export type TextDataset = Dataset<HostArray<Int32Array>, HostArray<Int32Array>>

/**
 * Labelled texts (or ids) as padded batches; each batch is as long as its own longest row. `file` and `lines` (as
 * `labelledTexts` gives them) put the place into messages. Throws `E_NO_WORDS`, `E_EMPTY_ROW`, `E_UNKNOWN_LABEL`,
 * `E_SHAPE` when the counts of texts and labels differ.
 *
 * @example
 * ```ts
 * import { textDataset } from '@rnn/data'
 * const set = textDataset({ ids: [[2, 3, 4], [5], [6, 7]], labels: [0, 1, 0], batchSize: 2, shuffle: false })
 * const [first] = set.batches(0)
 * first.inputs.data // → [5, 0, 6, 7]
 * first.lengths.data // → [1, 2]
 * first.targets.data // → [1, 0]
 * ```
 */
export function textDataset(options: TextDatasetOptions): TextDataset {
  const { file, lines, maxLength = Infinity, side, bucketing = true, pool = 100 } = options
  checkPadding(options)
  checkWhole(pool, 'pool', 1)
  const ids =
    'ids' in options ? options.ids : encodeTexts(options.texts, options.tokenizer, options.vocabulary, { file, lines })
  checkRows(ids, { file, lines })
  const labels = classNumbers(options)
  if (labels.length !== ids.length) {
    throw new DataError('E_SHAPE', {
      file,
      problem: `${ids.length} texts but ${labels.length} labels`,
      got: labels.length,
      expected: ids.length,
    })
  }
  // What is sorted by is what will be padded: the length after cutting.
  const lengths = Int32Array.from(ids, (row) => Math.min(row.length, maxLength))
  return rowDataset(ids.length, { ...options, bucketing: bucketing ? { lengths, pool } : undefined }, (rows) => {
    const chosen = Array.from(rows, (row) => ids[row] as ArrayLike<number>)
    const padded = padSequences(chosen, { ...options, lines: undefined })
    return {
      inputs: { data: padded.ids, shape: padded.shape },
      targets: { data: Int32Array.from(rows, (row) => labels[row] as number), shape: [rows.length] },
      ...(side !== 'start' && { lengths: { data: padded.lengths, shape: [rows.length] } }),
      size: rows.length,
      rows: rows.slice(),
    }
  })
}

function classNumbers(options: TextDatasetOptions): ArrayLike<number> {
  if ('labelIndex' in options) return options.labelIndex.encode(options.labels, options)
  const { labels, file, lines } = options
  for (let row = 0; row < labels.length; row++) {
    const label: unknown = labels[row]
    if (Number.isInteger(label) && (label as number) >= 0) continue
    throw new DataError('E_ARGUMENT', {
      file,
      line: lines?.[row],
      row,
      problem: `label ${shown(label)} is not a class number`,
      got: label,
      expected: 'a whole number from 0 on',
      ...(typeof label === 'string' && { fix: 'give labelIndex as well' }),
    })
  }
  return labels
}
