/** Bytes as text: UTF-8 cut anywhere, gzip by its first bytes, from streams of Node and of the web alike. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync, createReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeText, readLines } from '../src/index.ts'

const text = 'Zwei Männer – groß 👍🏽.\nΚαλημέρα\n'

/** The bytes in chunks of `size`. */
async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function all(source: AsyncIterable<string>): Promise<string> {
  let joined = ''
  for await (const chunk of source) joined += chunk
  return joined
}

describe('decodeText', () => {
  it.each([1, 2, 3, 7, 1000])('joins letters that chunks of %i bytes cut', async (size) => {
    const bytes = new TextEncoder().encode(text)
    expect(await all(decodeText(chunks(bytes, size)))).toBe(text)
    expect(await all(decodeText(chunks(new Uint8Array(gzipSync(bytes)), size)))).toBe(text)
  })

  it('reads streams of the web and leaves out a byte order mark', async () => {
    expect(await all(decodeText(new Blob([`\ufeff${text}`]).stream()))).toBe(text)
    const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
    expect(await all(decodeText(packed))).toBe(text)
  })

  it('reads texts of one byte or none', async () => {
    expect(await all(decodeText(chunks(new Uint8Array(0), 5)))).toBe('')
    expect(await all(decodeText(chunks(Uint8Array.of(0x1f), 5)))).toBe('\x1f')
  })

  it('says with file and line where bytes are not UTF-8', async () => {
    const latin1 = Buffer.concat([Buffer.from('gut\n'), Buffer.from('schön\n', 'latin1')])
    for (const bytes of [latin1, gzipSync(latin1)]) {
      const read = readLines(decodeText(chunks(new Uint8Array(bytes), 3), { name: 'a.de' }), { name: 'a.de' })
      await expect(read).rejects.toMatchObject({ code: 'E_ENCODING', file: 'a.de', line: 2 })
    }
  })

  it('says that gzip is cut off, damaged, or goes on with a second archive', async () => {
    const packed = gzipSync(text)
    const damaged = Buffer.from(packed)
    damaged[20]! ^= 0xff
    for (const bytes of [packed.subarray(0, 30), damaged, Buffer.concat([packed, packed])]) {
      const read = all(decodeText(chunks(new Uint8Array(bytes), 10), { name: 'a.gz' }))
      await expect(read).rejects.toMatchObject({ code: 'E_GZIP', file: 'a.gz' })
    }
  })

  it('hands on the errors of its source', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-data-'))
    try {
      await expect(all(decodeText(createReadStream(join(folder, 'none'))))).rejects.toMatchObject({ code: 'ENOENT' })
      const file = join(folder, 'a.gz')
      writeFileSync(file, gzipSync(text))
      expect(await all(decodeText(createReadStream(file)))).toBe(text)
    } finally {
      rmSync(folder, { recursive: true })
    }
    const broken = (async function* () {
      yield new Uint8Array(gzipSync(text)).subarray(0, 12)
      throw new Error('the line went dead')
    })()
    await expect(all(decodeText(broken))).rejects.toThrow('the line went dead')
  })

  it('closes its source when the reader stops early', async () => {
    const noise = randomBytes(1_000_000).toString('hex')
    let closed = 0
    const source = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      try {
        yield* chunks(bytes, 1000)
        throw new Error('read to its end')
      } finally {
        closed += 1
      }
    }
    for await (const _ of decodeText(source(new TextEncoder().encode(noise)))) break
    for await (const _ of decodeText(source(new Uint8Array(gzipSync(noise))))) break
    expect(closed).toBe(2)
  })

  it('refuses chunks that are text already', async () => {
    const source = (async function* () {
      yield text as unknown as Uint8Array
    })()
    await expect(all(decodeText(source))).rejects.toMatchObject({ code: 'E_ARGUMENT' })
  })
})
