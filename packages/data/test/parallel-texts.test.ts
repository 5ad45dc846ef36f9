/** Parallel files and tables of pairs: what is kept, what is left out and counted, and what is refused. */
import { createReadStream } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText, readPairs, readParallelTexts } from '../src/index.ts'

const names = { sourceName: 'train.de', targetName: 'train.en' }

/** A text in pieces cut at the given lengths, over and over. */
async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<string> {
  for (let start = 0, i = 0; start < text.length; i++) {
    const size = sizes[i % sizes.length] as number
    yield text.slice(start, start + size)
    start += size
  }
}

describe('readParallelTexts', () => {
  it('pairs line with line, whatever the line ends and byte order marks', async () => {
    const { pairs, ...rest } = await readParallelTexts('\ufeffeins\r\nzwei\r\ndrei', '\ufeffone\ntwo\nthree\n', names)
    expect(pairs).toEqual([
      { source: 'eins', target: 'one', line: 1 },
      { source: 'zwei', target: 'two', line: 2 },
      { source: 'drei', target: 'three', line: 3 },
    ])
    expect(rest).toEqual({
      file: 'train.de, train.en',
      pairCount: 3,
      skipped: { empty: { count: 0, lines: [] }, tooLong: { count: 0, lines: [] } },
      warnings: [],
    })
  })

  it('reads the same however the files are cut into chunks', async () => {
    const line = fc.stringMatching(/^[a-zß \u2028]{0,6}$/)
    const end = fc.constantFrom('\n', '\r\n', '\r')
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, line), { minLength: 1 }),
        end,
        end,
        sizes,
        sizes,
        async (list, a, b, x, y) => {
          const kept = list
            .map(([source, target], i) => ({ source: source.trim(), target: target.trim(), line: i + 1 }))
            .filter(({ source, target }) => source !== '' && target !== '')
          fc.pre(kept.length > 0)
          const source = list.map(([text]) => text + a).join('')
          const target = list.map(([, text]) => text + b).join('')
          const read = await readParallelTexts(cut(source, x), cut(target, y))
          expect(read.pairs).toEqual(kept)
          expect(read.pairCount).toBe(list.length)
          expect(read.skipped.empty.count).toBe(list.length - kept.length)
        },
      ),
    )
  })

  it('leaves out and counts pairs with an empty side and pairs that are too long', async () => {
    const source = 'a\n\nc c c\nd\n \nf\n'
    const target = 'A\nB\nC\nD D  D\nE\n\n'
    const read = await readParallelTexts(source, target, { ...names, maxWords: 2 })
    expect(read.pairs).toEqual([{ source: 'a', target: 'A', line: 1 }])
    expect(read.skipped).toEqual({ empty: { count: 3, lines: [2, 5, 6] }, tooLong: { count: 2, lines: [3, 4] } })
    expect(read.warnings).toEqual([
      'train.de, train.en: 3 of 6 pairs left out: a side is empty (lines 2, 5, 6)',
      'train.de, train.en: 2 of 6 pairs left out: a side has more than 2 words (lines 3, 4)',
    ])
  })

  it('keeps the first few lines of many that were left out, and counts by a function of the caller', async () => {
    const many = Array.from({ length: 9 }, () => 'xxxx').join('\n')
    const read = await readParallelTexts(`${many}\nxx\n`, `${many}\nxx\n`, {
      maxWords: 2,
      countWords: (text) => text.length,
    })
    expect(read.pairs).toEqual([{ source: 'xx', target: 'xx', line: 10 }])
    expect(read.warnings).toEqual(['9 of 10 pairs left out: a side has more than 2 words (lines 1, 2, 3, 4, 5, …)'])
  })

  it.each([
    ['a\nb\nc\n', 'A\n', 'train.de', 'train.de has 3 lines, train.en has 1 line'],
    ['a\n', 'A\nB\nC', 'train.en', 'train.de has 1 line, train.en has 3 lines'],
  ])('says which file is longer, and where: %j and %j', async (source, target, file, counts) => {
    const expected = { code: 'E_PAIRS', file, line: 2, message: expect.stringContaining(counts) }
    await expect(readParallelTexts(source, target, names)).rejects.toMatchObject(expected)
    await expect(readParallelTexts(cut(source, [1]), cut(target, [2]), names)).rejects.toMatchObject(expected)
  })

  it('says in which file and line bytes were not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('one\ntwo\nthr'), Buffer.of(0xe9), Buffer.from('e\n')])
    const target = decodeText(new Blob([bytes]).stream(), { name: 'train.en' })
    await expect(readParallelTexts('eins\nzwei\ndrei\n', target, names)).rejects.toMatchObject({
      code: 'E_ENCODING',
      file: 'train.en',
      line: 3,
    })
    const zero = readParallelTexts(cut('eins\nzw\0ei\n', [3]), 'one\ntwo\n', names)
    await expect(zero).rejects.toMatchObject({ code: 'E_ENCODING', file: 'train.de', line: 2 })
  })

  it('refuses files that hold nothing, or nothing that can be used', async () => {
    await expect(readParallelTexts('', '', names)).rejects.toMatchObject({ code: 'E_EMPTY_FILE' })
    await expect(readParallelTexts('\n', 'A\n', names)).rejects.toMatchObject({
      code: 'E_EMPTY_FILE',
      message: 'train.de, train.en: none of 1 pairs can be used; 1 have an empty side, 0 are too long',
    })
    await expect(readParallelTexts('a', '', names)).rejects.toMatchObject({
      code: 'E_PAIRS',
      line: 1,
      file: 'train.de',
    })
    await expect(readParallelTexts('a', 'A', { maxWords: 0 })).rejects.toMatchObject({ code: 'E_ARGUMENT' })
  })

  it('hands on the error of a file that is not there, whichever it is', async () => {
    const missing = (): AsyncIterable<string> => decodeText(createReadStream('no-such-file'))
    const slow = (async function* () {
      await new Promise((resolve) => setTimeout(resolve, 20))
      yield 'a\n'
    })()
    await expect(readParallelTexts(slow, missing())).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(readParallelTexts(missing(), 'a\n')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('closes both files after an error', async () => {
    const closed: string[] = []
    const source = async function* (name: string, chunks: readonly string[]): AsyncGenerator<string> {
      try {
        for (const chunk of chunks) yield chunk
        for (;;) yield 'more\n'
      } finally {
        closed.push(name)
      }
    }
    const read = readParallelTexts(source('source', ['a\n']), source('target', ['A\n', '\0\n']))
    await expect(read).rejects.toMatchObject({ code: 'E_ENCODING' })
    expect(closed.sort()).toEqual(['source', 'target'])
  })
})

describe('readPairs', () => {
  it('takes two columns out of a table', async () => {
    const { pairs, file } = await readPairs('id\ttarget\tsource\n1\t"A\ta\n2\tB \tb\n', { name: 'pairs.tsv' })
    expect(file).toBe('pairs.tsv')
    expect(pairs).toEqual([
      { source: 'a', target: '"A', line: 2 },
      { source: 'b', target: 'B', line: 3 },
    ])
  })

  it('reads tables without a header, and CSV with quotes', async () => {
    expect((await readPairs('a\tA\n', { header: false })).pairs).toEqual([{ source: 'a', target: 'A', line: 1 }])
    const csv = await readPairs('de,en\n"a, b","A\nB"\nc,C\n', { name: 'p.csv', columns: ['de', 'en'] })
    expect(csv.pairs.map(({ line }) => line)).toEqual([2, 4])
  })

  it('counts empty fields, blank lines and pairs that are too long', async () => {
    const read = await readPairs('source\ttarget\na\t\n\nb\tB\n \nc c\tC\n', { name: 'p.tsv', maxWords: 1 })
    expect(read.pairs).toEqual([{ source: 'b', target: 'B', line: 4 }])
    expect(read.pairCount).toBe(5)
    expect(read.skipped).toEqual({ empty: { count: 3, lines: [2, 3, 5] }, tooLong: { count: 1, lines: [6] } })
  })

  it('refuses a table without the columns, rows of other widths, and one of no usable pair', async () => {
    await expect(readPairs('de\ten\na\tA\n', { name: 'p.tsv' })).rejects.toMatchObject({ code: 'E_COLUMN', line: 1 })
    await expect(readPairs('a\tA\tx\n', { header: false })).rejects.toMatchObject({ code: 'E_FIELDS', line: 1 })
    await expect(readPairs('source\ttarget\na\t \n')).rejects.toMatchObject({ code: 'E_EMPTY_FILE' })
  })
})
