/**
 * Sentences and their translations out of two files whose lines belong together, or out of a table of two columns.
 * What cannot be used is left out and counted; what makes the pairing itself doubtful is an error.
 */

import { checkWhole, DataError, shown } from '../errors.ts'
import { lineBlocks } from './line-stream.ts'
import { collectText } from './source-text.ts'
import type { TextSource } from './source-text.ts'
import { parseTable } from './table.ts'

/** A sentence and its translation. */
export interface TextPair {
  readonly source: string
  readonly target: string
  /** The line of both, from 1. */
  readonly line: number
}

/** Pairs that were left out. */
export interface SkippedPairs {
  readonly count: number
  /** The lines of the first few, from 1: enough to look at. */
  readonly lines: readonly number[]
}

/** What {@link readParallelTexts} and {@link readPairs} read. */
export interface ParallelTexts {
  /** What the data are called in messages: `train.de, train.en`. */
  readonly file: string | undefined
  /** The pairs that can be used, in their order. */
  readonly pairs: readonly TextPair[]
  /** How many pairs the files hold, those that were left out included. */
  readonly pairCount: number
  readonly skipped: {
    /** One side or both hold nothing but white space. */
    readonly empty: SkippedPairs
    /** One side is longer than `maxWords`. */
    readonly tooLong: SkippedPairs
  }
  /** A line for people about each kind of pair that was left out; none where all were used. */
  readonly warnings: readonly string[]
}

/** Which pairs are left out. */
export interface PairLimits {
  /** Pairs with more words than this on either side are left out, and counted. Default: no limit. */
  readonly maxWords?: number
  /** Counts the words of a text. Default: what white space separates; give one for scripts without spaces. */
  readonly countWords?: (text: string) => number
}

/** Options of {@link readParallelTexts}. */
export interface ParallelTextsOptions extends PairLimits {
  /** What the two files are called in messages. */
  readonly sourceName?: string
  readonly targetName?: string
}

/** Options of {@link readPairs}. */
export interface PairsOptions extends PairLimits {
  /** What the data are called in messages, such as `pairs.tsv`; its ending helps to guess the delimiter. */
  readonly name?: string
  /** The names of the two columns. Default `source` and `target`. */
  readonly columns?: readonly [source: string, target: string]
  /** Default true. If false, the table has these two columns and its first line is data. */
  readonly header?: boolean
}

/**
 * Reads two files whose lines belong together, side by side and in pieces, so that neither is in memory as a whole.
 * Windows line ends and byte order marks are fine; white space around a sentence is left out. Pairs with an empty side
 * and those past `maxWords` are left out, counted, and told of in `warnings`.
 *
 * Throws `E_PAIRS` when one file has more lines than the other (with both counts and the first line that lacks its
 * pair), `E_EMPTY_FILE` when no pair is left, `E_ENCODING`, with file and line, for what is not UTF-8.
 *
 * @example
 * ```ts
 * import { readParallelTexts } from '@rnn/data'
 * const names = { sourceName: 'train.de', targetName: 'train.en' }
 * const { pairs, warnings } = await readParallelTexts('Ein Hund .\n\nZwei .\n', 'A dog .\nA cat .\nTwo .\n', names)
 * pairs[1] // → {"source":"Zwei .","target":"Two .","line":3}
 * warnings // → ["train.de, train.en: 1 of 3 pairs left out: a side is empty (line 2)"]
 * ```
 */
export async function readParallelTexts(
  source: TextSource,
  target: TextSource,
  options: ParallelTextsOptions = {},
): Promise<ParallelTexts> {
  const { sourceName, targetName } = options
  const collector = pairCollector(options, joinedNames(sourceName, targetName))
  const sides = [lineBlocks(source, sourceName), lineBlocks(target, targetName)] as const
  const waiting: [string[], string[]] = [[], []]
  const counts: [number, number] = [0, 0]
  const ended: [boolean, boolean] = [false, false]
  const fill = async (side: 0 | 1): Promise<void> => {
    if (ended[side] || waiting[side].length > 0) return
    const { done, value } = await sides[side].next()
    if (done === true) ended[side] = true
    else {
      waiting[side] = value
      counts[side] += value.length
    }
  }
  try {
    while (!(ended[0] && ended[1])) {
      // Both at once: a file that is not there must be noticed while the other one is read.
      await Promise.all([fill(0), fill(1)])
      const both = Math.min(waiting[0].length, waiting[1].length)
      for (let i = 0; i < both; i++) collector.add(waiting[0][i] as string, waiting[1][i] as string)
      waiting[0] = waiting[0].slice(both)
      waiting[1] = waiting[1].slice(both)
      // The rest of the longer file is read for its count only.
      if (ended[0]) waiting[1] = []
      if (ended[1]) waiting[0] = []
    }
  } finally {
    await Promise.allSettled(sides.map((side) => side.return()))
  }
  if (counts[0] !== counts[1]) throw unevenFiles(counts, [sourceName ?? 'the source', targetName ?? 'the target'])
  return collector.finish()
}

/**
 * Reads pairs out of a table (TSV, CSV), as `readTable` does and with its errors; what is left out is counted as
 * {@link readParallelTexts} does it.
 *
 * @example
 * ```ts
 * import { readPairs } from '@rnn/data'
 * const { pairs } = await readPairs('en\tfr\nGo.\tVa !\n', { name: 'pairs.tsv', columns: ['en', 'fr'] })
 * pairs // → [{"source":"Go.","target":"Va !","line":2}]
 * ```
 */
export async function readPairs(source: TextSource, options: PairsOptions = {}): Promise<ParallelTexts> {
  const { name, columns = ['source', 'target'], header = true } = options
  const collector = pairCollector(options, name)
  const table = parseTable(await collectText(source, name), {
    columns,
    header,
    ...(name !== undefined && { name }),
  })
  const [from, to] = columns
  // With tabs no field spans lines, so that a gap in their numbers is the blank lines that the table passed over.
  const gapsAreBlank = table.delimiter === '\t'
  let next = header ? (table.rows[0]?.line ?? 1) : 1
  for (const { line, values } of table.rows) {
    while (gapsAreBlank && next < line) collector.add('', '', next++)
    collector.add(values[from] as string, values[to] as string, line)
    next = line + 1
  }
  return collector.finish()
}

const linesKept = 5

/** Takes pairs in their order, and sorts out those that cannot be used. */
function pairCollector(
  { maxWords, countWords = countSpaced }: PairLimits,
  file: string | undefined,
): { add(source: string, target: string, line?: number): void; finish(): ParallelTexts } {
  if (maxWords !== undefined) checkWhole(maxWords, 'maxWords', 1)
  const pairs: TextPair[] = []
  const empty = { count: 0, lines: [] as number[] }
  const tooLong = { count: 0, lines: [] as number[] }
  let pairCount = 0
  const skip = (kind: typeof empty, line: number): void => {
    kind.count += 1
    if (kind.lines.length < linesKept) kind.lines.push(line)
  }
  return {
    add(sourceText, targetText, line = pairCount + 1) {
      pairCount += 1
      const source = sourceText.trim()
      const target = targetText.trim()
      if (source === '' || target === '') skip(empty, line)
      else if (maxWords !== undefined && Math.max(countWords(source), countWords(target)) > maxWords)
        skip(tooLong, line)
      else pairs.push({ source, target, line })
    },
    finish() {
      const place = file === undefined ? '' : `${file}: `
      const told = ({ count, lines }: SkippedPairs, why: string): string[] => {
        if (count === 0) return []
        const where = `${count > 1 ? 'lines' : 'line'} ${lines.join(', ')}${count > lines.length ? ', …' : ''}`
        return [`${place}${count} of ${pairCount} pairs left out: ${why} (${where})`]
      }
      const warnings = [
        ...told(empty, 'a side is empty'),
        ...told(tooLong, `a side has more than ${maxWords ?? Infinity} words`),
      ]
      if (pairs.length > 0) return { file, pairs, pairCount, skipped: { empty, tooLong }, warnings }
      throw new DataError('E_EMPTY_FILE', {
        file,
        problem: pairCount === 0 ? 'there is nothing in it' : `none of ${pairCount} pairs can be used`,
        got: pairCount,
        expected: 'at least one pair of sentences',
        fix: pairCount === 0 ? 'expected one sentence a line' : whyNone(empty.count, tooLong.count),
      })
    },
  }
}

function whyNone(empty: number, tooLong: number): string {
  return `${empty} have an empty side, ${tooLong} are too long`
}

function countSpaced(text: string): number {
  let count = 0
  for (const _ of text.matchAll(/\S+/gu)) count += 1
  return count
}

function joinedNames(source: string | undefined, target: string | undefined): string | undefined {
  const names = [source, target].filter((name) => name !== undefined)
  return names.length === 0 ? undefined : names.join(', ')
}

function unevenFiles(counts: readonly [number, number], names: readonly [string, string]): DataError {
  const longer = counts[0] > counts[1] ? 0 : 1
  const most = counts[longer]
  const least = counts[1 - longer] as number
  return new DataError('E_PAIRS', {
    file: names[longer],
    line: least + 1,
    problem: `this line has no pair: ${names[0]} has ${lineCount(counts[0])}, ${names[1]} has ${lineCount(counts[1])}`,
    got: most,
    expected: least,
    fix: `the lines of the two files must belong together; look for a line missing from ${shown(names[1 - longer])} at or before its end`,
  })
}

function lineCount(count: number): string {
  return `${count} ${count === 1 ? 'line' : 'lines'}`
}
