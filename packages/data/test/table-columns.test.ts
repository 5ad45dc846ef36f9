/** What is taken out of tables: labelled texts and numbers, with the line of whatever is wrong. */
import { describe, expect, it } from 'vitest'
import { labelledTexts, numericColumn, parseTable } from '../src/index.ts'
import { failure } from './failure.ts'

const table = (text: string) => parseTable(text, { name: 'train.tsv', columns: ['label', 'text'] })
const names = { label: 'label', text: 'text' } as const

const numbers = (...fields: readonly string[]): Float32Array =>
  numericColumn(
    parseTable(`month;value\n${fields.map((field) => `x;${field}`).join('\n')}`, {
      name: 's.csv',
      columns: ['value'],
    }),
    'value',
  )

describe('labelledTexts', () => {
  it('gives texts, trimmed labels and lines', () => {
    expect(labelledTexts(table('label\ttext\n A \tone\n\nB\t two'), names)).toEqual({
      file: 'train.tsv',
      texts: ['one', ' two'],
      labels: ['A', 'B'],
      lines: [2, 4],
    })
  })

  it('names the line of an empty label', () => {
    expect(failure(() => labelledTexts(table('label\ttext\nA\tone\n \ttwo'), names))).toMatchObject({
      code: 'E_EMPTY_LABEL',
      message: 'train.tsv, line 3: the column "label" is empty; fill it in or remove the line',
    })
  })

  it('names the line of a text of no words', () => {
    expect(failure(() => labelledTexts(table('label\ttext\nA\tone\nB\t \u00a0'), names))).toMatchObject({
      code: 'E_NO_WORDS',
      message: 'train.tsv, line 3: a text of no words: the column "text" is empty; fill it in or remove the line',
    })
  })
})

describe('numericColumn', () => {
  it('reads whole, decimal and exponential numbers as float32', () => {
    expect(numbers('112', ' -1.5 ', '+2', '.5', '3.', '1e-3', '2E+2')).toEqual(
      Float32Array.of(112, -1.5, 2, 0.5, 3, 1e-3, 200),
    )
  })

  it.each(['', 'NaN', 'n/a', 'Infinity', '0x10', '1 000', '1e99', '--1', '1e', '.'])(
    'refuses %j, with its line',
    (field) => {
      expect(failure(() => numbers('1', field))).toMatchObject({
        code: 'E_NOT_NUMERIC',
        line: 3,
        message: `s.csv, line 3: the column "value" holds ${JSON.stringify(field)}, expected a number; fill in a number or remove the line`,
      })
    },
  )

  it('knows a decimal comma', () => {
    expect(failure(() => numbers('1,5')).message).toContain('write a decimal point instead of the comma')
  })
})
