/** Tables: what is read from well-formed text, and the one line that says what is wrong with any other. */
import * as fc from 'fast-check'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { DataError, parseTable, readTable } from '../src/index.ts'
import type { TableOptions } from '../src/index.ts'
import { failure } from './failure.ts'

const columns = ['label', 'text'] as const
const tsv: TableOptions<'label' | 'text'> = { name: 'train.tsv', columns }
const csv: TableOptions<'label' | 'text'> = { name: 'train.csv', columns }

const texts = (text: string, options: TableOptions<'label' | 'text'>): (readonly [number, string, string])[] =>
  parseTable(text, options).rows.map(({ line, values }) => [line, values.label, values.text] as const)

async function* chunks<T>(...parts: readonly T[]): AsyncGenerator<T> {
  for (const part of parts) yield part
}

describe('parseTable', () => {
  it('reads TSV with the line of each row', () => {
    expect(parseTable('label\ttext\nA\tone\nB\ttwo\n', tsv)).toEqual({
      file: 'train.tsv',
      delimiter: '\t',
      header: ['label', 'text'],
      rows: [
        { line: 2, values: { label: 'A', text: 'one' } },
        { line: 3, values: { label: 'B', text: 'two' } },
      ],
    })
  })

  it('takes quotes in TSV as plain characters, alone or in pairs', () => {
    const text = 'label\ttext\nA\t"\nB\tsay "hi"\nC\t"all of it"\n'
    expect(texts(text, tsv).map(([, , value]) => value)).toEqual(['"', 'say "hi"', '"all of it"'])
  })

  it('reads quoted TSV where told to', () => {
    expect(texts('label\ttext\nA\t"a\tb"\n', { ...tsv, quotes: true })).toEqual([[2, 'A', 'a\tb']])
  })

  it('reads CSV with commas, quotes and line ends in quoted fields, and knows the lines', () => {
    const text = 'label,text\nA,"one, two"\nB,"say ""hi"""\nC,"first\nsecond\n"\nD,bare "quote" inside\n'
    expect(texts(text, csv)).toEqual([
      [2, 'A', 'one, two'],
      [3, 'B', 'say "hi"'],
      [4, 'C', 'first\nsecond\n'],
      [7, 'D', 'bare "quote" inside'],
    ])
  })

  it('reads the wanted columns in any order and leaves out the rest', () => {
    expect(texts('id\ttext\tlabel\n1\tone\tA\n', tsv)).toEqual([[2, 'A', 'one']])
    expect(parseTable('id\ttext\tlabel\n1\tone\tA\n', tsv).header).toEqual(['id', 'text', 'label'])
  })

  it.each([
    ['\\r\\n', '\r\n'],
    ['\\r', '\r'],
    ['\\n', '\n'],
  ])('reads lines that end in %s', (_, end) => {
    expect(texts(['label\ttext', 'A\tone', 'B\ttwo', ''].join(end), tsv)).toEqual([
      [2, 'A', 'one'],
      [3, 'B', 'two'],
    ])
    expect(texts(['label,text', 'A,"1,2"', 'B,two'].join(end), csv)).toEqual([
      [2, 'A', '1,2'],
      [3, 'B', 'two'],
    ])
  })

  it('reads mixed line ends', () => {
    expect(texts('label\ttext\r\nA\tone\nB\ttwo\r\n', tsv)).toEqual([
      [2, 'A', 'one'],
      [3, 'B', 'two'],
    ])
  })

  it('skips a byte order mark and blank lines, and still knows the lines', () => {
    expect(texts('\ufeff\nlabel\ttext\n\nA\tone\n  \n\nB\ttwo', tsv)).toEqual([
      [4, 'A', 'one'],
      [7, 'B', 'two'],
    ])
  })

  it('keeps blank lines of a table of one column, where they are values', () => {
    const table = parseTable('text\none\n\nthree\n', { columns: ['text'] })
    expect(table.rows.map(({ line, values }) => [line, values.text])).toEqual([
      [2, 'one'],
      [3, ''],
      [4, 'three'],
    ])
  })

  it('keeps white space in fields, not in the header', () => {
    expect(texts(' label , text \nA, one ', csv)).toEqual([[2, 'A', ' one ']])
  })

  it('reads a file without a header by the order of the columns', () => {
    expect(texts('A\tone\nB\ttwo\n', { ...tsv, header: false })).toEqual([
      [1, 'A', 'one'],
      [2, 'B', 'two'],
    ])
  })

  it.each([
    ['train.tsv', 'label\ttext', '\t'],
    ['train.tsv', 'label\ttext\tone, two, three', '\t'],
    ['train.csv', 'label,text', ','],
    ['train.csv', 'label;text', ';'],
    ['train.csv', '"label";"text"', ';'],
    ['train.txt', 'label|text', '|'],
    [undefined, 'label\ttext', '\t'],
    [undefined, 'label,text', ','],
    ['data.tsv.gz', 'label\ttext', '\t'],
    ['wrong.csv', 'label\ttext', '\t'],
  ])('guesses the delimiter of %s that starts with %j', (name, header, delimiter) => {
    const row = header.split(delimiter).fill('x').join(delimiter)
    const options = { ...(name !== undefined && { name }), columns }
    expect(parseTable(`${header}\n${row}\n`, options).delimiter).toBe(delimiter)
  })

  it('takes a delimiter that it is given', () => {
    expect(texts('label:text\nA:x,y\n', { columns, delimiter: ':' })).toEqual([[2, 'A', 'x,y']])
  })

  it('reads back what papaparse writes, for any fields', () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', ';', '\n', ' ', '\t', "'", '我') })
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (fields) => {
        const text = Papa.unparse(
          { fields: [...columns], data: fields.map(([a, b]) => [`x${a}`, b]) },
          { newline: '\n' },
        )
        const table = parseTable(text, { columns, name: 'x.csv', delimiter: ',' })
        expect(table.rows.map(({ values }) => [values.label, values.text])).toEqual(
          fields.map(([a, b]) => [`x${a}`, b]),
        )
        const lines = text.split('\n')
        for (const { line, values } of table.rows) {
          expect(lines[line - 1]!.replace(/^"/, '')).toMatch(new RegExp(`^${/^[^\n",]*/.exec(values.label)![0]}`))
        }
      }),
    )
  })

  it('reads any TSV back, quotes and all', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', ' ', "'", '我') })
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (fields) => {
        const text = `label\ttext\n${fields.map(([a, b]) => `x${a}\t${b}`).join('\n')}\n`
        expect(texts(text, tsv)).toEqual(fields.map(([a, b], i) => [i + 2, `x${a}`, b]))
      }),
    )
  })
})

describe('what is wrong with a table', () => {
  const cases: readonly (readonly [
    title: string,
    text: string,
    options: TableOptions<'label' | 'text'>,
    code: string,
    message: string,
  ])[] = [
    ['an empty file', '', tsv, 'E_EMPTY_FILE', 'train.tsv: the file is empty; expected the columns label, text'],
    [
      'a file of white space',
      '\ufeff\n \n',
      tsv,
      'E_EMPTY_FILE',
      'train.tsv: the file is empty; expected the columns label, text',
    ],
    ['a header alone', 'label\ttext\n', tsv, 'E_EMPTY_FILE', 'train.tsv: no rows after the header'],
    [
      'a mistyped column',
      'lable\ttext\nA\tone',
      tsv,
      'E_COLUMN',
      'train.tsv, line 1: no column "label", the header has "lable", "text"; did you mean "lable"? The names must be the same to the letter',
    ],
    [
      'a column in capitals',
      'Label,Text\nA,one',
      csv,
      'E_COLUMN',
      'train.csv, line 1: no column "label", the header has "Label", "Text"; did you mean "Label"? The names must be the same to the letter',
    ],
    [
      'a file without a header',
      'A\tone\nB\ttwo',
      tsv,
      'E_COLUMN',
      'train.tsv, line 1: no column "label", the header has "A", "one"; the first line must name the columns, tab between them: label, text',
    ],
    [
      'a column that is there twice',
      'label\ttext\ttext\nA\tone\ttwo',
      tsv,
      'E_DUPLICATE_COLUMN',
      'train.tsv, line 1: the column "text" is there twice; rename one of them',
    ],
    [
      'too few fields',
      'label\ttext\nA\tone\nB two\n',
      tsv,
      'E_FIELDS',
      'train.tsv, line 3: 1 field, expected 2 (label, text); is a tab missing?',
    ],
    [
      'too many fields in TSV',
      'label\ttext\n\nA\tone\ttwo\n',
      tsv,
      'E_FIELDS',
      'train.tsv, line 3: 3 fields, expected 2 (label, text); replace the tab inside a field by a space',
    ],
    [
      'too many fields in CSV, after a field of two lines',
      'label,text\nA,"one\ntwo"\nB,three, four\n',
      csv,
      'E_FIELDS',
      'train.csv, line 4: 3 fields, expected 2 (label, text); put a field that holds a comma in quotes',
    ],
    [
      'a quote that is never closed',
      'label,text\nA,"x\ny"\nB,"two\nC,three\n',
      csv,
      'E_QUOTE',
      'train.csv, line 4: a quoted field starts here and never ends; write a quote inside a field as ""',
    ],
    [
      'a field that goes on after its quote',
      'label,text\nA,one\nB,"two" more\n',
      csv,
      'E_QUOTE',
      'train.csv, line 3: a quoted field goes on after its closing quote; write a quote inside a field as ""',
    ],
    [
      'bytes that are not UTF-8',
      'label\ttext\nA\tone\nB\tsister\ufffdcity\n',
      tsv,
      'E_ENCODING',
      'train.tsv, line 3: bytes that are not UTF-8 (shown as U+FFFD); save the file as UTF-8',
    ],
    [
      'a compressed or UTF-16 file',
      'l\0a\0b\0e\0l\0',
      tsv,
      'E_ENCODING',
      'train.tsv, line 1: a zero byte: this is no UTF-8 text; is it compressed, or UTF-16? Unpack it or save it as UTF-8',
    ],
  ]
  it.each(cases)('%s', (_, text, options, code, message) => {
    const error = failure(() => parseTable(text, options))
    expect(error).toMatchObject({ code, message, file: options.name })
    expect(error.message).not.toContain('\n')
  })

  it('is said without a name too', () => {
    expect(failure(() => parseTable('label,text\nA', { columns })).message).toBe(
      'line 2: 1 field, expected 2 (label, text); is a comma missing?',
    )
  })

  it.each([
    [{ columns: [] }, 'columns is [], expected different names, at least one'],
    [{ columns: ['a', 'a'] }, 'columns is [a, a], expected different names, at least one'],
    [{ columns: ['a'], delimiter: '' }, 'delimiter is "", expected one character that is no quote or line end'],
    [{ columns: ['a'], delimiter: '"' }, 'delimiter is "\\"", expected one character that is no quote or line end'],
  ])('can be the options: %j', (options, message) => {
    expect(failure(() => parseTable('a\n1', options))).toMatchObject({ code: 'E_ARGUMENT', message })
  })
})

describe('readTable', () => {
  it('reads chunks as it reads the text, wherever they are cut', async () => {
    const text = '\ufefflabel,text\r\nA,"one, ""two"""\r\nB,three\r\n'
    const whole = parseTable(text, csv)
    for (let at = 0; at <= text.length; at++) {
      expect(await readTable(chunks(text.slice(0, at), text.slice(at)), csv)).toEqual(whole)
    }
  })

  it('reads a decoded web stream', async () => {
    const bytes = new Blob(['label\ttext\nA\tné\n']).stream()
    const table = await readTable(bytes.pipeThrough(new TextDecoderStream()), tsv)
    expect(table.rows[0]?.values.text).toBe('né')
  })

  it('rejects with the error that parseTable throws', async () => {
    await expect(readTable('', tsv)).rejects.toMatchObject({ code: 'E_EMPTY_FILE' })
    await expect(readTable('', tsv)).rejects.toBeInstanceOf(DataError)
  })

  it('refuses chunks that are bytes', async () => {
    const bytes = chunks(new Uint8Array(3)) as unknown as AsyncIterable<string>
    await expect(readTable(bytes, tsv)).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      message: 'train.tsv: a chunk is "Uint8Array", expected text; decode the stream first, as UTF-8',
    })
  })
})
