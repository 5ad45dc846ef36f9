/** Series to learn from: those of CSV files, and some that the program draws. */

import { AppError } from 'app-kit/errors'
import { readBytes } from 'app-kit/files'
import { decodeText, numericSeries, parseTable, randomStream, seriesOf, type Series } from '@rnn/data'

/** What `--data` takes. */
export const SERIES_DATA = 'a CSV file (packed or not): times in its first column, the series in its last'

/** Growth, a season that grows with it, a weaker one of seven times the length, and noise. */
export function drawnSeries(count: number, season: number, seed: number): Series {
  const random = randomStream(seed)
  const wave = (i: number, length: number): number => Math.sin((2 * Math.PI * i) / length)
  const noise = (): number => random.uint32() / 2 ** 31 - 1
  const level = (i: number): number => 100 + (200 * i) / count
  const value = (i: number): number =>
    level(i) * (1 + 0.25 * wave(i, season) + 0.1 * wave(i, 7 * season) + 0.04 * noise())
  return seriesOf({ demand: Float32Array.from({ length: count }, (_, i) => value(i)) })
}

/** The last column of a CSV file whose first is the time; a gap is an error. */
export async function readSeries(file: string): Promise<Series> {
  let text = ''
  for await (const chunk of decodeText(new Blob([await readBytes(file)]).stream(), { name: file })) text += chunk
  const [header = ''] = text.split(/\r?\n/, 1)
  const columns = header.split(',').map((name) => name.trim().replace(/^"|"$/g, ''))
  const [time = '', value = ''] = [columns[0], columns.at(-1)]
  if (time === value) {
    throw new AppError('E_INPUT', `${file}: its first line does not name two columns`, `give ${SERIES_DATA}`)
  }
  return numericSeries(parseTable(text, { name: file, columns: [time, value] }), { columns: [value], time })
}
