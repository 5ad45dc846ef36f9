/** How good predictions are, label by label, as tables. */

import type { ConfusionMatrix } from '@rnn/train'
import { percent } from 'app-kit/ui/style'
import { table } from 'app-kit/ui/table'

/** How well one label is found. */
export interface LabelScore {
  readonly label: string
  /** Of the texts said to be of this label, the share that are. */
  readonly precision: number
  /** Of the texts of this label, the share that were found. */
  readonly recall: number
  /** The harmonic mean of the two. */
  readonly f1: number
  /** Texts of this label. */
  readonly texts: number
}

/** Precision, recall and F1 of every label. */
export function labelScores(matrix: ConfusionMatrix): LabelScore[] {
  return matrix.labels.map((label) => {
    const precision = matrix.precision(label)
    const recall = matrix.recall(label)
    const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
    const texts = matrix.labels.reduce((sum, other) => sum + matrix.count(label, other), 0)
    return { label, precision, recall, f1, texts }
  })
}

/** The scores as a table. */
export function scoreTable(scores: readonly LabelScore[]): string {
  const numbers = ['precision', 'recall', 'F1', 'texts'].map((name) => ({ name, numeric: true }))
  return table(
    [{ name: 'label' }, ...numbers],
    scores.map(({ label, precision, recall, f1, texts }) => [
      label,
      percent(precision),
      percent(recall),
      percent(f1),
      texts,
    ]),
  )
}

/** The counts as a table: right labels down, predicted ones across. */
export function confusionTable(matrix: ConfusionMatrix): string {
  const { labels } = matrix
  return table(
    [{ name: 'right ↓  said →' }, ...labels.map((name) => ({ name, numeric: true }))],
    labels.map((right) => [right, ...labels.map((said) => matrix.count(right, said) || '·')]),
  )
}
