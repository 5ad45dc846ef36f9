/** Where the sentences of a training come from, and the sentences. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { readPairs, readParallelTexts, trainValidationSplit, type ParallelTexts, type TextPair } from '@rnn/data'
import { AppError, hasCode, systemProblem } from 'app-kit/errors'
import { readText, shownPath } from 'app-kit/files'
import { generateCorpus, type SentencePair } from './corpus/corpus.ts'

/** One set of pairs: two files whose lines belong together, or a table of two columns. */
export type PairFiles = { readonly source: string; readonly target: string } | { readonly table: string }

/** What was asked for. */
export interface DataSources {
  /** Null: the embedded pair. */
  readonly train: PairFiles | null
  /** Files, a share of the training pairs, or null for the default. */
  readonly validation: PairFiles | number | null
}

/** Sentences and their translations that know where they came from. */
export interface Pairs {
  readonly file: string
  readonly pairs: readonly SentencePair[]
}

/** The sentences of a training. */
export interface TrainingData {
  readonly train: Pairs
  /** Measured after each epoch. */
  readonly validation: Pairs | undefined
  /** What was left out, in words. */
  readonly warnings: readonly string[]
}

/** The share held out where nobody gave pairs to measure by, and how many pairs at most. */
const defaultShare = 0.05
const mostHeldOut = 2000

/** Reads everything. @throws E_FILE, E_SPLIT, and what the readers throw, with file and line */
export async function loadData(sources: DataSources, seed: number): Promise<TrainingData> {
  if (sources.train === null) {
    const { train, validation } = embedded()
    return { train, validation: sources.validation === 0 ? undefined : validation, warnings: [] }
  }
  const all = await readPairFiles(sources.train)
  const { validation } = sources
  if (validation !== null && typeof validation === 'object') {
    const measured = await readPairFiles(validation)
    return { train: named(all), validation: named(measured), warnings: [...all.warnings, ...measured.warnings] }
  }
  const share = validation ?? Math.min(defaultShare, mostHeldOut / all.pairs.length)
  if (share === 0) return { train: named(all), validation: undefined, warnings: all.warnings }
  return { ...split(named(all), share, seed), warnings: all.warnings }
}

/** The pairs that the program brings along. */
export function embedded(): { readonly train: Pairs; readonly validation: Pairs; readonly test: Pairs } {
  const { train, validation, test } = generateCorpus()
  const part = (name: string, pairs: readonly SentencePair[]): Pairs => ({ file: `embedded pair (${name})`, pairs })
  return { train: part('train', train), validation: part('validation', validation), test: part('test', test) }
}

/** Reads pairs from files, plain or packed with gzip. @throws E_FILE, E_PAIRS, E_EMPTY_FILE, E_ENCODING, E_TABLE */
export async function readPairFiles(files: PairFiles): Promise<ParallelTexts> {
  if ('table' in files) {
    const text = isPacked(files.table) ? textOf(files.table) : await readText(files.table, 'check the path')
    return readable(files.table, readPairs(text, { name: shownPath(files.table) }))
  }
  const { source, target } = files
  const names = { sourceName: shownPath(source), targetName: shownPath(target) }
  return readParallelTexts(textOf(source), textOf(target), names)
}

/** What reading gives, with a damaged packed file named. */
async function readable<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (hasCode(error, 'Z_DATA_ERROR')) throw damaged(path, error)
    throw error
  }
}

function isPacked(path: string): boolean {
  return path.endsWith('.gz')
}

/** A file as a stream of text; bytes that are not UTF-8 become U+FFFD, which the readers refuse with their line. */
async function* textOf(path: string): AsyncGenerator<string, void, undefined> {
  const file = createReadStream(path)
  const packed = isPacked(path)
  const bytes = packed ? file.pipe(createGunzip()) : file
  file.on('error', (error) => bytes.destroy(error))
  const decoder = new TextDecoder()
  try {
    for await (const chunk of bytes) yield decoder.decode(chunk as Uint8Array, { stream: true })
    yield decoder.decode()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code.startsWith('Z_')) throw damaged(path, error)
    throw new AppError('E_FILE', `can't read ${shownPath(path)}: ${systemProblem(error)}`, 'check the path', error)
  } finally {
    file.destroy()
  }
}

function damaged(path: string, cause: unknown): AppError {
  return new AppError('E_FILE', `${shownPath(path)} is no whole gzip file`, 'pack it again, or give it unpacked', cause)
}

function named({ file, pairs }: ParallelTexts): Pairs {
  return { file: file ?? 'the data', pairs: pairs.map(({ source, target }: TextPair) => ({ source, target })) }
}

function split({ file, pairs }: Pairs, share: number, seed: number): { train: Pairs; validation: Pairs } {
  try {
    const parts = trainValidationSplit(pairs, { validation: share, seed })
    return { train: { file, pairs: parts.train }, validation: { file: `${file} (held out)`, pairs: parts.validation } }
  } catch (error) {
    if (!hasCode(error, 'E_SPLIT')) throw error
    throw new AppError(
      'E_SPLIT',
      `${file}: ${pairs.length} pairs are too few to hold some out`,
      'give more, or files to measure by with --validation-source and --validation-target, or --validation 0 for none',
      error,
    )
  }
}

/** A digest of all sentences: a training can only be gone on with on the same ones. */
export function dataDigest({ train, validation }: TrainingData): string {
  const hash = createHash('sha256')
  for (const part of [train, validation]) {
    for (const { source, target } of part?.pairs ?? []) hash.update(`${source}\n${target}\n`)
    hash.update('\n')
  }
  return hash.digest('hex')
}
