/**
 * The bytes of a file or of a download, unpacked where they are gzip. By the standards that browsers and Node share, so
 * that one reader serves both.
 */

import { DataError } from '../errors.ts'

/** Bytes in chunks: a file stream of Node, the `body` of a response, or anything else that gives `Uint8Array`s. */
export type ByteSource = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

/**
 * All bytes of a source as one array, for the readers of binary files; unpacked where they start as gzip does. Throws `E_GZIP` as `decodeText` does.
 *
 * @example
 * ```ts
 * import { readBytes } from '@rnn/data'
 * // createReadStream('digits.idx.gz') in Node, (await fetch('digits.idx.gz')).body in a page
 * const packed = new Blob(['abc']).stream().pipeThrough(new CompressionStream('gzip'))
 * await readBytes(packed) // → [97, 98, 99]
 * ```
 */
export async function readBytes(
  source: ByteSource | Uint8Array,
  { name }: { readonly name?: string | undefined } = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of unpacked(source instanceof Uint8Array ? once(source) : chunksOf(source), name))
    chunks.push(chunk)
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield bytes as Uint8Array<ArrayBuffer>
}

/** The chunks themselves, or what they hold where the first bytes are those of gzip (RFC 1952). */
export async function* unpacked(
  chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>,
  file?: string,
): AsyncGenerator<Uint8Array> {
  const head: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  try {
    while (size < 2) {
      const { done, value } = await chunks.next()
      if (done === true) break
      head.push(value)
      size += value.length
    }
    const [first = 0, second = 0] = head.flatMap((chunk) => [...chunk.subarray(0, 2)])
    const whole = joined(head, chunks)
    if (first === 0x1f && second === 0x8b) yield* gunzip(whole, file)
    else yield* whole
  } finally {
    await chunks.return(undefined) // a reader may stop before the first of them is handed on
  }
}

async function* joined<T>(head: Iterable<T>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* head
  yield* rest
}

async function* gunzip(packed: AsyncGenerator<Uint8Array<ArrayBuffer>>, file?: string): AsyncGenerator<Uint8Array> {
  // An error of the source itself (no such file) is not one of the format.
  const state: { sourceError?: { readonly error: unknown } } = {}
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await packed.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      } catch (error) {
        state.sourceError = { error }
        controller.error(error)
      }
    },
    async cancel() {
      await packed.return(undefined)
    },
  })
  try {
    yield* chunksOf(stream.pipeThrough(new DecompressionStream('gzip')))
  } catch (error) {
    if (state.sourceError !== undefined) throw state.sourceError.error
    throw new DataError('E_GZIP', {
      file,
      problem: `the gzip data are damaged, cut off or several archives (${error instanceof Error ? error.message : String(error)})`,
      got: error,
      expected: 'a whole gzip file',
      fix: 'download or pack it again, as one archive',
    })
  }
}

/** The chunks of either kind of source. Not every browser lets `for await` walk over a stream. */
export async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!('getReader' in source)) {
    for await (const chunk of source) yield checked(chunk)
    return
  }
  const reader = source.getReader()
  let ended = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      ended = done
      if (value === undefined) return
      yield checked(value)
    }
  } finally {
    if (!ended) await reader.cancel()
  }
}

function checked(chunk: unknown): Uint8Array<ArrayBuffer> {
  // The types of TextDecoder and DecompressionStream bar shared memory, which no stream gives.
  if (chunk instanceof Uint8Array) return chunk as Uint8Array<ArrayBuffer>
  throw new DataError('E_ARGUMENT', {
    problem: `a chunk is a ${typeof chunk}, expected Uint8Array`,
    got: chunk,
    expected: 'Uint8Array',
    fix: 'give the bytes as they are, without setEncoding',
  })
}
