/** JSON lines as rows, and what is said of lines that are none. */
import { describe, expect, it } from 'vitest'
import { labelledTexts, numericColumn, readJsonLines } from '../src/index.ts'

const read = (text: string) => readJsonLines(text, { name: 'a.jsonl', fields: ['label', 'text'] })

describe('readJsonLines', () => {
  it('reads fields by name in any order, with lines, from chunks, with \\r\\n, a byte order mark and blank lines', async () => {
    async function* chunks(): AsyncGenerator<string> {
      yield '\ufeff{"text":"b\\n","label":"x"}\r\n\r'
      yield '\n{"label":3,"text":"c\u2028d","other":[1]}\r\n'
    }
    const rows = await readJsonLines(chunks(), { fields: ['label', 'text'] })
    expect(rows.rows).toEqual([
      { line: 1, values: { label: 'x', text: 'b\n' } },
      { line: 3, values: { label: '3', text: 'c\u2028d' } },
    ])
    expect(labelledTexts(rows, { label: 'label', text: 'text' }).labels).toEqual(['x', '3'])
  })

  it('gives numbers to numericColumn', async () => {
    const rows = await readJsonLines('{"t":1.5}\n{"t":-2e-3}\n', { fields: ['t'] })
    expect([...numericColumn(rows, 't')]).toEqual([1.5, Math.fround(-2e-3)])
  })

  it.each([
    ['no JSON', '{"label":"x","text":"a"}\nlabel,text\n', 'E_JSON', 2],
    ['a comma after each line', '{"label":"x","text":"a"},\n', 'E_JSON', 1],
    ['a list', '[1,2]\n', 'E_JSON', 1],
    ['null', 'null\n', 'E_JSON', 1],
    ['a file of one long object', '{\n"label":"x"}\n', 'E_JSON', 1],
    ['a missing field', '{"label":"x"}\n', 'E_FIELDS', 1],
    ['an inherited name', '{"label":"x","constructor":1}', 'E_FIELDS', 1],
    ['a field of null', '{"label":"x","text":"a"}\n{"label":null,"text":"a"}\n', 'E_FIELDS', 2],
    ['a field that is an object', '{"label":{},"text":"a"}\n', 'E_FIELDS', 1],
    ['a zero byte', '{"label":"x","text":"a"}\n\0', 'E_ENCODING', 2],
    ['nothing', ' \n\n', 'E_EMPTY_FILE', undefined],
  ])('says with file and line that it found %s', async (_, text, code, line) => {
    await expect(read(text)).rejects.toMatchObject({ code, line, file: 'a.jsonl' })
  })

  it('shows what it found', async () => {
    await expect(read('{"text":"a","lable":"x"}')).rejects.toThrow(
      'a.jsonl, line 1: no field "label", the object has "text", "lable"; fill it in or remove the line',
    )
    await expect(readJsonLines('{}', { fields: [] })).rejects.toMatchObject({ code: 'E_ARGUMENT' })
  })
})
