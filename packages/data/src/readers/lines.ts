/** Reads a file of one text a line. */

import { DataError } from '../errors.ts'
import { cleanText, collectText } from './source-text.ts'
import type { TextSource } from './source-text.ts'

/** The lines of a file; spread it where texts and their places are asked for. */
export interface TextLines {
  /** The name given for messages. */
  readonly file: string | undefined
  /** Without their line ends; blank lines are there, so that the lines of parallel files stay side by side. */
  readonly texts: readonly string[]
  /** The number of each, from 1. */
  readonly lines: readonly number[]
}

/**
 * The lines of a text or of chunks of one (a decoded stream); `\r\n`, a byte order mark and a missing last line end are fine. Throws `E_EMPTY_FILE` where there
 * is nothing but white space, `E_ENCODING`, with the line, for what is not UTF-8.
 *
 * @example
 * ```ts
 * import { readLines } from '@rnn/data'
 * const { texts, lines } = await readLines('Not bad!\nHardly good.\n', { name: 'reviews.txt' })
 * texts // → ["Not bad!", "Hardly good."]
 * lines // → [1, 2]
 * ```
 */
export async function readLines(source: TextSource, { name }: { readonly name?: string } = {}): Promise<TextLines> {
  const text = cleanText(await collectText(source, name), name)
  if (text.trim() === '') {
    throw new DataError('E_EMPTY_FILE', {
      file: name,
      problem: 'there is nothing in it',
      got: '',
      expected: 'one text a line',
      fix: 'expected one text a line',
    })
  }
  const texts = text.replace(/\n$/, '').split('\n')
  return { file: name, texts, lines: texts.map((_, i) => i + 1) }
}
