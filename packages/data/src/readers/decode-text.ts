/** Bytes of a file or of a download as text: UTF-8, unpacked where they are gzip. */

import { chunksOf, unpacked } from './bytes.ts'
import type { ByteSource } from './bytes.ts'

/**
 * The text of a stream of bytes in chunks, for the readers of this package. A stream that starts as gzip does is
 * unpacked, whatever its name; a byte order mark is left out. Bytes that are not UTF-8 become U+FFFD, at which the
 * readers throw `E_ENCODING` with file and line. Throws `E_GZIP`, while it is read, for a packed file that is damaged,
 * cut off, or several archives in one (in Node, `createGunzip` reads those).
 *
 * @example
 * ```ts
 * import { decodeText, readLines } from '@rnn/data'
 * // createReadStream('train.de.gz') in Node, (await fetch('train.de.gz')).body in a page
 * const bytes = new Blob(['Ein Hund .\nZwei .\n']).stream()
 * const { texts } = await readLines(decodeText(bytes, { name: 'train.de' }), { name: 'train.de' })
 * texts // → ["Ein Hund .", "Zwei ."]
 * ```
 */
export async function* decodeText(
  source: ByteSource,
  { name }: { readonly name?: string } = {},
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  for await (const chunk of unpacked(chunksOf(source), name)) {
    const text = decoder.decode(chunk, { stream: true })
    if (text !== '') yield text
  }
  const rest = decoder.decode()
  if (rest !== '') yield rest
}
