/** Where a training's texts come from, and the texts. */

import { createHash } from 'node:crypto'
import { checkClasses } from '@rnn/data'
import { generateCorpus } from './corpus/corpus.ts'
import { corpusExamples, readExamples, splitExamples, type Examples } from './examples.ts'

/** What was asked for. */
export interface DataSources {
  /** A table; null: the embedded corpus. */
  readonly data: string | null
  /** A table, a share of the training texts, or null for the default. */
  readonly validation: string | number | null
  /** A table; null: none, or the corpus's own. */
  readonly test: string | null
}

/** The texts of a training. */
export interface TrainingData {
  readonly train: Examples
  /** Measured after each epoch. */
  readonly validation: Examples | undefined
  /** Measured at the end. */
  readonly test: Examples | undefined
}

/** The share held out where nobody gave texts to measure by. */
const defaultShare = 0.1

/**
 * Reads everything. Of tables without validation and test texts a tenth of the training texts is held out; with test texts all of them are
 * trained on.
 *
 * @throws E_FILE, E_ONE_CLASS, E_SPLIT, and what reading a table throws, with file and line
 */
export async function loadData(sources: DataSources, seed: number): Promise<TrainingData> {
  const corpus = sources.data === null ? generateCorpus() : undefined
  const all = sources.data === null ? corpusExamples('train', corpus?.train ?? []) : await readExamples(sources.data)
  checkClasses(all.labels, all)
  const test = sources.test === null ? corpus && corpusExamples('test', corpus.test) : await readExamples(sources.test)
  const { validation } = sources
  if (typeof validation === 'string') return { train: all, validation: await readExamples(validation), test }
  if (validation === null && corpus !== undefined) {
    return { train: all, validation: corpusExamples('validation', corpus.validation), test }
  }
  const share = validation ?? (test === undefined ? defaultShare : 0)
  if (share === 0) return { train: all, validation: undefined, test }
  return { ...splitExamples(all, share, seed), test }
}

/** Pairs of labels that differ in case and spaces only: most likely one label written in two ways. */
export function similarLabels(labels: readonly string[]): (readonly [string, string])[] {
  const first = new Map<string, string>()
  const pairs: (readonly [string, string])[] = []
  for (const label of [...new Set(labels)].toSorted()) {
    const plain = label.toLowerCase().replace(/\s+/g, '')
    const other = first.get(plain)
    if (other === undefined) first.set(plain, label)
    else pairs.push([other, label])
  }
  return pairs
}

/** A digest of the training and validation texts and labels: a training can only be gone on with on the same ones. */
export function dataDigest({ train, validation }: TrainingData): string {
  const hash = createHash('sha256')
  for (const part of [train, validation]) hash.update(JSON.stringify([part?.labels ?? [], part?.texts ?? []]))
  return hash.digest('hex')
}
