/** Reads JSON lines (one object a line) into rows that know their line, as a table has them. */

import { DataError, shown, shownList } from '../errors.ts'
import { cleanText, collectText } from './source-text.ts'
import type { TextSource } from './source-text.ts'
import type { Rows, TableRow } from './table.ts'

/** Options of {@link readJsonLines}. */
export interface JsonLinesOptions<Field extends string> {
  /** The fields wanted, by name; others may be there and are left out. */
  readonly fields: readonly Field[]
  /** What the data are called in messages, such as `train.jsonl`. */
  readonly name?: string
}

/**
 * Reads JSON lines from a text or from chunks of one; blank lines are skipped. The rows are those of a table, so that
 * `labelledTexts` and `numericColumn` take them: numbers, `true` and `false` as text. Throws, with the line:
 * `E_JSON` (no JSON, or no object), `E_FIELDS` (a wanted field is missing, or is neither text, number nor boolean),
 * `E_EMPTY_FILE`, `E_ENCODING`.
 *
 * @example
 * ```ts
 * import { labelledTexts, readJsonLines } from '@rnn/data'
 * const file = '{"text": "not bad\\nat all", "stars": 5}\n{"text": "hardly good", "stars": 2, "by": "me"}\n'
 * const rows = await readJsonLines(file, { name: 'reviews.jsonl', fields: ['stars', 'text'] })
 * const { texts, labels } = labelledTexts(rows, { label: 'stars', text: 'text' })
 * labels // → ["5", "2"]
 * texts // → ["not bad\nat all", "hardly good"]
 * ```
 */
export async function readJsonLines<const Field extends string>(
  source: TextSource,
  { fields, name: file }: JsonLinesOptions<Field>,
): Promise<Rows<Field>> {
  if (fields.length === 0 || new Set(fields).size !== fields.length) {
    throw new DataError('E_ARGUMENT', {
      file,
      problem: `fields is [${fields.join(', ')}], expected different names, at least one`,
      got: fields,
      expected: 'different names',
    })
  }
  const rows: TableRow<Field>[] = []
  for (const [i, text] of cleanText(await collectText(source, file), file)
    .split('\n')
    .entries()) {
    if (text.trim() !== '') rows.push(rowOf(text, i + 1, fields, file))
  }
  if (rows.length > 0) return { file, rows }
  throw new DataError('E_EMPTY_FILE', { file, problem: 'there is nothing in it', expected: 'one JSON object a line' })
}

function rowOf<Field extends string>(
  text: string,
  line: number,
  fields: readonly Field[],
  file: string | undefined,
): TableRow<Field> {
  const json = parse(text, line, file)
  const values = fields.map((field) => {
    const value = Object.hasOwn(json, field) ? json[field] : undefined
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return [field, String(value)]
    throw new DataError('E_FIELDS', {
      file,
      line,
      problem:
        value === undefined
          ? `no field "${field}", the object has ${shownList(Object.keys(json))}`
          : `the field "${field}" holds ${shown(JSON.stringify(value))}`,
      got: value,
      expected: 'text, a number, true or false',
      fix: value === undefined ? 'fill it in or remove the line' : 'expected text, a number, true or false',
    })
  })
  return { line, values: Object.fromEntries(values) as Record<Field, string> }
}

function parse(text: string, line: number, file: string | undefined): Readonly<Record<string, unknown>> {
  let json: unknown
  let reason = 'no object'
  try {
    json = JSON.parse(text)
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error)
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Readonly<Record<string, unknown>>
  throw new DataError('E_JSON', {
    file,
    line,
    problem: `${shown(text.trim())} is not a JSON object (${reason})`,
    got: text,
    expected: 'one JSON object a line',
    fix: 'write one object a line, without commas between them',
  })
}
