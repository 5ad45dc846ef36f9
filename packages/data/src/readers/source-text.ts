/**
 * Brings the text of a reader's source together and cleans it: byte order mark, line ends, signs of a wrong encoding.
 */

import { DataError, shown } from '../errors.ts'

/**
 * What readers read: a text, or the chunks of one, such as a file stream with an encoding or
 * `response.body.pipeThrough(new TextDecoderStream())`.
 */
export type TextSource = string | AsyncIterable<string>

/** The whole text of a source. Throws `E_ARGUMENT` for chunks that are not text. */
export async function collectText(source: TextSource, file?: string): Promise<string> {
  if (typeof source === 'string') return source
  const chunks: string[] = []
  for await (const chunk of textChunks(source, file)) chunks.push(chunk)
  return chunks.join('')
}

/** The text of a source in chunks. Throws `E_ARGUMENT` for chunks that are not text. */
export async function* textChunks(source: TextSource, file?: string): AsyncGenerator<string, void, undefined> {
  if (typeof source === 'string') return yield source
  for await (const chunk of source) {
    if (typeof chunk !== 'string') {
      throw new DataError('E_ARGUMENT', {
        file,
        problem: `a chunk is ${shown(Object.prototype.toString.call(chunk).slice(8, -1))}, expected text`,
        got: chunk,
        expected: 'text',
        fix: 'decode the stream first, as UTF-8',
      })
    }
    yield chunk
  }
}

/**
 * The text without byte order mark and with `\n` line ends. Throws `E_ENCODING`, with the line, at what a wrong
 * encoding leaves: U+FFFD, which stands for bytes that are not UTF-8, and U+0000, of which UTF-16 and binary files are
 * full. `firstLine` is the number of the line where the text starts.
 */
export function cleanText(text: string, file?: string, firstLine = 1): string {
  const clean = (firstLine === 1 && text.startsWith('\ufeff') ? text.slice(1) : text).replace(/\r\n?/g, '\n')
  const odd = clean.search(/[\0\ufffd]/)
  if (odd < 0) return clean
  const binary = clean[odd] === '\0'
  throw new DataError('E_ENCODING', {
    file,
    line: firstLine + clean.slice(0, odd).split('\n').length - 1,
    problem: binary ? 'a zero byte: this is no UTF-8 text' : 'bytes that are not UTF-8 (shown as U+FFFD)',
    got: binary ? 'U+0000' : 'U+FFFD',
    expected: 'UTF-8 text',
    fix: binary ? 'is it compressed, or UTF-16? Unpack it or save it as UTF-8' : 'save the file as UTF-8',
  })
}
