/** A trained network with its words and labels: texts in, labels out. */

import { encodeTexts, padSequences, type Places } from '@rnn/data'
import type { Sequential } from '@rnn/layers'
import type { Settings } from './settings.ts'
import type { TextEncoder } from './text-encoder.ts'

/** Everything that a saved model holds. */
export interface Classifier {
  readonly settings: Settings
  readonly encoder: TextEncoder
  /** On a backend. */
  readonly model: Sequential
}

/** What the network makes of one text. */
export interface Prediction {
  readonly text: string
  readonly label: string
  /** Of the label. */
  readonly probability: number
  /** Of every label, by class number. */
  readonly probabilities: readonly number[]
}

const batchSize = 64

/** Classifies texts. @throws E_NO_WORDS, with the place if it is given */
export async function classify(
  classifier: Classifier,
  texts: readonly string[],
  places?: Places,
): Promise<Prediction[]> {
  const { model, encoder } = classifier
  const ids = encodeTexts(texts, encoder.tokenizer, encoder.vocabulary, places)
  const predictions: Prediction[] = []
  for (let start = 0; start < ids.length; start += batchSize) {
    const { ids: data, shape, lengths } = padSequences(ids.slice(start, start + batchSize))
    const batch = { inputs: { data, shape }, lengths: { data: lengths, shape: [lengths.length] } }
    const output = await model.predict(batch, { activation: 'softmax' })
    for (let row = 0; row < lengths.length; row++) {
      const probabilities = [...output.data.subarray(row * encoder.labels.size, (row + 1) * encoder.labels.size)]
      const [best] = rank(probabilities)
      predictions.push({
        text: texts[start + row] ?? '',
        label: encoder.labels.label(best),
        probability: probabilities[best] ?? 0,
        probabilities,
      })
    }
  }
  return predictions
}

/** The positions of the largest value and of the next one. */
export function rank(values: ArrayLike<number>): readonly [best: number, next: number] {
  const order = Array.from(values, (_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0))
  return [order[0] ?? 0, order[1] ?? 0]
}
