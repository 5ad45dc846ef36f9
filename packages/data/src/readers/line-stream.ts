/** The lines of a text that arrives in chunks, cleaned as `cleanText` does, without the whole text in memory. */

import { cleanText, textChunks } from './source-text.ts'
import type { TextSource } from './source-text.ts'

/**
 * The lines of a source in lists, as they come; blank ones are there, nothing comes after the last line end. Throws
 * `E_ENCODING`, with the line, as `cleanText` does.
 */
export async function* lineBlocks(source: TextSource, file?: string): AsyncGenerator<string[], void, undefined> {
  let rest = ''
  let line = 1
  for await (const chunk of textChunks(source, file)) {
    const text = rest + chunk
    // What follows the last line end waits for its own, and so does a last `\r`, which may be half of one.
    const end = Math.max(text.lastIndexOf('\n'), text.length < 2 ? -1 : text.lastIndexOf('\r', text.length - 2)) + 1
    rest = text.slice(end)
    if (end === 0) continue
    const lines = cleanText(text.slice(0, end), file, line).slice(0, -1).split('\n')
    line += lines.length
    yield lines
  }
  if (rest !== '') yield cleanText(rest, file, line).replace(/\n$/, '').split('\n')
}
