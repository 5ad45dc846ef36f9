/** What stands between texts and the network: the words known, the labels known. */

import {
  buildVocabulary,
  labelIndex,
  textDataset,
  tokenizeTexts,
  words,
  type LabelIndex,
  type TextDataset,
  type Tokenizer,
  type Vocabulary,
} from '@rnn/data'
import { AppError } from 'app-kit/errors'
import type { Examples } from './examples.ts'

/** Texts to ids and labels to class numbers. */
export interface TextEncoder {
  readonly tokenizer: Tokenizer
  readonly vocabulary: Vocabulary
  readonly labels: LabelIndex
}

/** The words that occur at least `minFrequency` times, lower case, and all labels. @throws E_NO_WORDS, with file and line; E_OPTION when no word is left */
export function encoderOf(examples: Examples, minFrequency: number): TextEncoder {
  const tokenizer = words()
  const tokens = tokenizeTexts(examples.texts, tokenizer, examples)
  const vocabulary = buildVocabulary(tokens, { minFrequency })
  if (!tokens.some((text) => text.some((word) => vocabulary.has(word)))) {
    const where = examples.file ?? 'the data'
    throw new AppError('E_OPTION', `no word of ${where} occurs ${minFrequency} times`, 'give a smaller --min-frequency')
  }
  return { tokenizer, vocabulary, labels: labelIndex(examples.labels) }
}

/** How examples are cut into batches. */
export interface Batching {
  readonly batchSize: number
  /** Given for training: each epoch is in an order of its own. Without it the examples come shortest first. */
  readonly seed?: number
}

/** Examples as batches. @throws E_NO_WORDS, E_UNKNOWN_LABEL, with file and line */
export function encode(encoder: TextEncoder, examples: Examples, { batchSize, seed }: Batching): TextDataset {
  return textDataset({
    ...examples,
    tokenizer: encoder.tokenizer,
    vocabulary: encoder.vocabulary,
    labelIndex: encoder.labels,
    batchSize,
    shuffle: seed !== undefined,
    seed: seed ?? 0,
  })
}
