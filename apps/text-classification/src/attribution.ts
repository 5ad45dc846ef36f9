/**
 * Which words decided: gradient × input (Shrikumar et al. 2016) at the output of the embedding. The score of a word says how much its vector
 * raised the lead of the predicted label over the next best one, to first order.
 */

import { valueAndGrad } from '@rnn/autodiff'
import { mul, scope, sum, tensor } from '@rnn/core'
import { tokenizeTexts } from '@rnn/data'
import { INFERENCE, sequential, type Sequential } from '@rnn/layers'
import { rank, type Classifier } from './classifier.ts'

/** A word of a text with its part in the decision. */
export interface WordScore {
  readonly word: string
  /** Positive: it spoke for the predicted label; negative: for the next best one. */
  readonly score: number
  /** Whether the vocabulary has it; otherwise it counts as the unknown word. */
  readonly known: boolean
}

/** A decision and what decided it. */
export interface Attribution {
  readonly text: string
  readonly label: string
  readonly probability: number
  /** The next best label. */
  readonly against: string
  readonly words: readonly WordScore[]
}

/** Classifies one text and scores its words. @throws E_NO_WORDS */
export async function attribute(classifier: Classifier, text: string): Promise<Attribution> {
  const { model, encoder } = classifier
  const [tokens = []] = tokenizeTexts([text], encoder.tokenizer)
  const ids = { data: encoder.vocabulary.encode(tokens), shape: [1, tokens.length] }
  const { data } = await model.predict(ids, { activation: 'softmax' })
  const [best, next] = rank(data)
  const lead = new Float32Array(encoder.labels.size)
  lead[best] = 1
  lead[next] = -1
  const scores = await wordScores(model, ids, lead)
  return {
    text,
    label: encoder.labels.label(best),
    probability: data[best] ?? 0,
    against: encoder.labels.label(next),
    words: tokens.map((word, t) => ({ word, score: scores[t] ?? 0, known: encoder.vocabulary.has(word) })),
  }
}

/** Gradient × input of the logits' sum weighted by `lead`, summed over the components of each word's vector. */
async function wordScores(
  model: Sequential,
  ids: { readonly data: Int32Array; readonly shape: readonly number[] },
  lead: Float32Array,
): Promise<Float32Array | Int32Array> {
  const { backend } = model
  const [embedding, ...rest] = model.layers
  if (embedding === undefined) return new Float32Array(ids.data.length)
  const classify = sequential(...rest)
  const readings: Promise<Float32Array | Int32Array>[] = []
  scope(backend, () => {
    const vectors = embedding.forward(tensor(ids.data, { shape: ids.shape, backend }), INFERENCE)
    const weights = tensor(lead, { shape: [1, lead.length], backend })
    const { gradients } = valueAndGrad((x: typeof vectors) => sum(mul(classify.forward(x, INFERENCE), weights)))(
      vectors,
    )
    readings.push(sum(mul(vectors, gradients), { axis: 2 }).data())
  })
  return readings[0] ?? new Float32Array(0)
}
