// The model and its training: what a program of one's own would have too.

import type { Backend } from '@rnn/core'
import { padSequences } from '@rnn/data'
import { bidirectional, dense, embedding, lstm, maxOverTime, sequential } from '@rnn/layers'
import type { Sequential } from '@rnn/layers'
import { accuracy, adam, crossEntropy, fit } from '@rnn/train'
import type { FitLoopOptions, History } from '@rnn/train'
import { VERDICTS, type Corpus } from './corpus.ts'

/** An untrained classifier on `backend`. */
export async function makeModel(backend: Backend, { vocabulary }: Corpus): Promise<Sequential> {
  const model = sequential(
    embedding({ vocabularySize: vocabulary.size, units: 64, paddingIndex: 0 }),
    bidirectional(lstm({ units: 128 })),
    maxOverTime(),
    dense({ units: VERDICTS.length }),
  )
  await model.init(backend, { seed: 1 })
  return model
}

/** Trains it. */
export function train(
  model: Sequential,
  { training, validation }: Corpus,
  options: Pick<FitLoopOptions, 'epochs' | 'onBatch' | 'onEpoch' | 'signal'>,
): Promise<History> {
  return fit(model, training, {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 3e-3 }),
    clipNorm: 5,
    metrics: [accuracy()],
    validation,
    ...options,
  })
}

/** How likely the model finds each verdict for a text; undefined for a text of no words. */
export async function judge(
  model: Sequential,
  { tokenizer, vocabulary }: Corpus,
  text: string,
): Promise<number[] | undefined> {
  const tokens = tokenizer.tokenize(text)
  if (tokens.length === 0) return undefined
  const { ids, shape, lengths } = padSequences([vocabulary.encode(tokens)])
  const { data } = await model.predict(
    { inputs: { data: ids, shape }, lengths: { data: lengths, shape: [1] } },
    { activation: 'softmax' },
  )
  return Array.from(data)
}
