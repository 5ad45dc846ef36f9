/** Files of one text a line. */
import { describe, expect, it } from 'vitest'
import { readLines } from '../src/index.ts'

describe('readLines', () => {
  it('gives each line with its number, whatever the line ends', async () => {
    expect(await readLines('\ufeffone\r\ntwo\rthree', { name: 'a.txt' })).toEqual({
      file: 'a.txt',
      texts: ['one', 'two', 'three'],
      lines: [1, 2, 3],
    })
  })

  it('keeps blank lines but none after the last line end', async () => {
    expect((await readLines('one\n\ntwo\n')).texts).toEqual(['one', '', 'two'])
    expect((await readLines('one\n\n')).texts).toEqual(['one', ''])
  })

  it('reads chunks cut anywhere', async () => {
    async function* chunks(): AsyncIterable<string> {
      yield 'on'
      yield 'e\r'
      yield '\ntwo'
    }
    expect((await readLines(chunks())).texts).toEqual(['one', 'two'])
  })

  it('refuses nothing, blank lines alone, and binary files', async () => {
    await expect(readLines('', { name: 'a.txt' })).rejects.toMatchObject({ code: 'E_EMPTY_FILE', file: 'a.txt' })
    await expect(readLines(' \n\n')).rejects.toMatchObject({ code: 'E_EMPTY_FILE' })
    await expect(readLines('one\ntw\0o')).rejects.toMatchObject({ code: 'E_ENCODING', line: 2 })
  })
})
