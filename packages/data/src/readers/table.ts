/**
 * Reads TSV and CSV into rows that know their line, and says in one line what is wrong with a file that is not as it
 * should be.
 */

import Papa from 'papaparse'
import { DataError, shown } from '../errors.ts'
import { columnPositions, splitHeader } from './columns.ts'
import { delimiterName, guessDelimiter } from './delimiter.ts'
import { cleanText, collectText } from './source-text.ts'
import type { TextSource } from './source-text.ts'

/** Options of {@link readTable}. */
export interface TableOptions<Column extends string> {
  /** The columns wanted, by their names in the header; others may be there and are left out. */
  readonly columns: readonly Column[]
  /** What the data are called in messages, such as `train.tsv`; its ending helps to guess the delimiter. */
  readonly name?: string
  /** One character. Default: guessed from the name and the first line, out of tab, comma, semicolon and bar. */
  readonly delimiter?: string
  /**
   * Whether `"` starts a quoted field. Default: yes, except in files with tabs, where texts often hold bare quotes;
   * there a quote is a character like any other.
   */
  readonly quotes?: boolean
  /** Default true. If false, the first line is data, and `columns` names all columns in their order. */
  readonly header?: boolean
}

/** One row of a table: its values by column, and the line where it starts, from 1. */
export interface TableRow<Column extends string = string> {
  readonly line: number
  readonly values: Readonly<Record<Column, string>>
}

/** Rows of named values, from whatever kind of file. */
export interface Rows<Column extends string = string> {
  /** The name given for messages. */
  readonly file: string | undefined
  readonly rows: readonly TableRow<Column>[]
}

/** What was read. */
export interface Table<Column extends string = string> extends Rows<Column> {
  readonly delimiter: string
  /** Every column of the file, wanted or not. */
  readonly header: readonly string[]
}

/**
 * Reads a table from a text or from chunks of one (a decoded stream); `\r\n` and a byte order mark are fine, blank
 * lines are skipped unless the table has a single column. Throws, at the first problem and with the line where there is
 * one: `E_EMPTY_FILE`, `E_COLUMN` (a wanted column is not in the header), `E_DUPLICATE_COLUMN`, `E_FIELDS` (too few or
 * too many in a row), `E_QUOTE` (never closed), `E_ENCODING` (not UTF-8).
 *
 * @example
 * ```ts
 * import { readTable } from '@rnn/data'
 * const table = await readTable('label\ttext\nspam\tBuy "now"!\n', { name: 'mail.tsv', columns: ['label', 'text'] })
 * table.rows // → [{"line":2,"values":{"label":"spam","text":"Buy \"now\"!"}}]
 * ```
 */
export async function readTable<const Column extends string>(
  source: TextSource,
  options: TableOptions<Column>,
): Promise<Table<Column>> {
  return parseTable(await collectText(source, options.name), options)
}

/** As {@link readTable}, for a text that is at hand, without waiting. */
export function parseTable<const Column extends string>(text: string, options: TableOptions<Column>): Table<Column> {
  const { columns, name: file, header: hasHeader = true } = options
  checkOptions(options)
  const content = cleanText(text, file)
  if (content.trim() === '') {
    throw new DataError('E_EMPTY_FILE', {
      file,
      problem: 'the file is empty',
      got: '',
      expected: `the columns ${columns.join(', ')}`,
      fix: `expected the columns ${columns.join(', ')}`,
    })
  }
  const delimiter = options.delimiter ?? guessDelimiter(content, columns, { name: file, hasHeader })
  const quotes = options.quotes ?? delimiter !== '\t'

  let header: readonly string[] | undefined = hasHeader ? undefined : columns
  let positions: readonly number[] = columns.map((_, i) => i)
  const rows: TableRow<Column>[] = []
  for (const { line, fields } of splitRows(content, { delimiter, quotes, file })) {
    const blank = fields.length === 1 && fields[0]?.trim() === ''
    if (blank && header?.length !== 1) continue
    if (header === undefined) {
      header = splitHeader(fields)
      positions = columnPositions(header, columns, { file, line, delimiter })
      continue
    }
    if (fields.length !== header.length) throw wrongFieldCount(fields.length, header, delimiter, quotes, { file, line })
    const values = Object.fromEntries(columns.map((column, i) => [column, fields[positions[i] as number]]))
    rows.push({ line, values: values as Record<Column, string> })
  }
  if (rows.length === 0) {
    throw new DataError('E_EMPTY_FILE', {
      file,
      problem: 'no rows after the header',
      got: 0,
      expected: 'at least one row',
    })
  }
  return { file, delimiter, header: header ?? columns, rows }
}

interface RawRow {
  readonly line: number
  readonly fields: readonly string[]
}

/** All rows with the line each starts at. The text has `\n` line ends only. */
function splitRows(
  text: string,
  {
    delimiter,
    quotes,
    file,
  }: { readonly delimiter: string; readonly quotes: boolean; readonly file: string | undefined },
): RawRow[] {
  const rows: RawRow[] = []
  let start = 0
  let line = 1
  Papa.parse<string[]>(text, {
    delimiter,
    newline: '\n',
    ...(!quotes && { fastMode: true }), // the mode in which quotes mean nothing
    step({ data, errors, meta }) {
      const [problem] = errors
      if (problem !== undefined)
        throw badQuote(problem.code, line + countNewlines(text, start, problem.index ?? start), file)
      // After the last line end papaparse sees one more row, of nothing.
      if (start < text.length) rows.push({ line, fields: data })
      line += countNewlines(text, start, meta.cursor)
      start = meta.cursor
    },
  })
  return rows
}

function countNewlines(text: string, from: number, to: number): number {
  let count = 0
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

function badQuote(code: string, line: number, file: string | undefined): DataError {
  const unclosed = code === 'MissingQuotes'
  return new DataError('E_QUOTE', {
    file,
    line,
    problem: unclosed ? 'a quoted field starts here and never ends' : 'a quoted field goes on after its closing quote',
    expected: 'a closing quote before the next delimiter',
    fix: 'write a quote inside a field as ""',
  })
}

function wrongFieldCount(
  got: number,
  header: readonly string[],
  delimiter: string,
  quotes: boolean,
  place: { readonly file: string | undefined; readonly line: number },
): DataError {
  const separator = delimiterName(delimiter)
  const tooMany = quotes
    ? `put a field that holds a ${separator} in quotes`
    : `replace the ${separator} inside a field by a space`
  return new DataError('E_FIELDS', {
    ...place,
    problem: `${got} ${got === 1 ? 'field' : 'fields'}, expected ${header.length} (${header.join(', ')})`,
    got,
    expected: header.length,
    fix: got < header.length ? `is a ${separator} missing?` : tooMany,
  })
}

function checkOptions({ columns, delimiter, name }: TableOptions<string>): void {
  if (columns.length === 0 || new Set(columns).size !== columns.length) {
    throw new DataError('E_ARGUMENT', {
      file: name,
      problem: `columns is [${columns.join(', ')}], expected different names, at least one`,
      got: columns,
      expected: 'different names',
    })
  }
  if (delimiter === undefined || (delimiter.length === 1 && !'\r\n"\ufeff'.includes(delimiter))) return
  throw new DataError('E_ARGUMENT', {
    file: name,
    problem: `delimiter is ${shown(delimiter)}, expected one character that is no quote or line end`,
    got: delimiter,
    expected: 'one character',
  })
}
