/** Series with and without gaps, scaling fitted on one part, and windows that stay within their part. */
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  decodeText,
  hostArray,
  minMaxScaler,
  numericSeries,
  parseTable,
  readTable,
  scalerFromJSON,
  seriesOf,
  seriesWindows,
  sliceSeries,
  standardScaler,
} from '../src/index.ts'
import type { Gaps, Series } from '../src/index.ts'
import { failure } from './failure.ts'

const hours = (...rows: readonly string[]): string => `date,a,b\n${rows.map((row) => `2016-07-${row}\n`).join('')}`
const read = (text: string, gaps?: Gaps): Series =>
  numericSeries(parseTable(text, { name: 'a.csv', columns: ['date', 'a', 'b'] }), {
    columns: ['b', 'a'],
    time: 'date',
    ...(gaps && { gaps }),
  })

const whole = hours('01 22:00:00,1,10', '01 23:00:00,2,20', '02 00:00:00,3,30')
const withGaps = hours(
  '01 22:00:00,1,10',
  '01 23:00:00,,20',
  '02 02:00:00,5,50',
  '02 03:00:00,6,NaN',
  '02 04:00:00,7,70',
)

describe('numericSeries', () => {
  it('reads columns in the order wanted', () => {
    const { columns, values, partStarts, filled } = read(whole)
    expect(columns).toEqual(['b', 'a'])
    expect(values).toEqual({ data: Float32Array.of(10, 1, 20, 2, 30, 3), shape: [3, 2] })
    expect(partStarts).toEqual([0])
    expect(filled).toBe(0)
  })

  it('says where a gap is, unless told what to do about it', () => {
    expect(failure(() => read(withGaps))).toMatchObject({ code: 'E_GAP', file: 'a.csv', line: 3 })
    const skipped = hours('01 22:00:00,1,1', '01 23:00:00,1,1', '02 02:00:00,1,1')
    const error = failure(() => read(skipped))
    expect(error.message).toBe(
      'a.csv, line 4: a gap: 2 steps are missing before it; fill it in, or choose gaps: "split", "linear" or "previous"',
    )
  })

  it('fills gaps by a line or by the number before, and counts what it filled', () => {
    // b and a of the hours 22, 23, 0, 1, 2, 3, 4
    const linear = read(withGaps, 'linear')
    expect([...linear.values.data]).toEqual([10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60, 6, 70, 7])
    expect(linear.filled).toBe(6)
    const previous = read(withGaps, 'previous')
    expect([...previous.values.data]).toEqual([10, 1, 20, 1, 20, 1, 20, 1, 50, 5, 50, 6, 70, 7])
    expect(previous.filled).toBe(6)
  })

  it('splits at gaps', () => {
    const { values, partStarts } = read(withGaps, 'split')
    expect([...values.data]).toEqual([10, 1, 50, 5, 70, 7])
    expect(partStarts).toEqual([0, 1, 2])
    const one = hours('01 00:00:00,1,1', '01 01:00:00,2,2', '01 05:00:00,3,3', '01 06:00:00,4,4')
    expect(read(one, 'split').partStarts).toEqual([0, 2])
  })

  it('has nothing to fill from at the ends', () => {
    const start = hours('01 00:00:00,,1', '01 01:00:00,1,1')
    const end = hours('01 00:00:00,1,1', '01 01:00:00,,1')
    expect(failure(() => read(start, 'linear'))).toMatchObject({ code: 'E_GAP', line: 2 })
    expect(failure(() => read(start, 'previous')).code).toBe('E_GAP')
    expect(failure(() => read(end, 'linear'))).toMatchObject({ code: 'E_GAP', line: 3 })
    expect([...read(end, 'previous').values.data]).toEqual([1, 1, 1, 1])
  })

  it('counts months as steps, and numbers', () => {
    const months = (text: string) =>
      numericSeries(parseTable(`t,x\n${text}`, { columns: ['t', 'x'] }), { columns: ['x'], time: 't' })
    expect([...months('1949-01,1\n1949-02,2\n1949-03,3\n').values.data]).toEqual([1, 2, 3])
    expect(failure(() => months('1949-12,1\n1950-01,2\n1950-02,2\n1950-04,3\n')).message).toContain('1 step is missing')
    expect([...months('0.1,1\n0.2,2\n0.3,3\n0.4,4\n').values.data]).toEqual([1, 2, 3, 4])
    expect([...months('2016-02-28,1\n2016-02-29,2\n2016-03-01,3\n').values.data]).toEqual([1, 2, 3])
  })

  it('says that times are none, do not go on, or are not equally far apart', () => {
    const cases: [string, number][] = [
      [hours('01 22:00:00,1,1', '01 21:00:00,2,2'), 3],
      [hours('01 22:00:00,1,1', '01 22:00:00,2,2'), 3],
      [hours('01 22:00:00,1,1', '01 23:00:00,2,2', '02 00:30:00,2,2'), 4],
      [hours('01 22:00:00,1,1', '01 25:00:00,2,2'), 3],
      ['date,a,b\n2015-02-29,1,1\n2015-03-01,1,1\n', 2],
      ['date,a,b\nJanuary,1,1\n', 2],
    ]
    for (const [text, line] of cases) expect(failure(() => read(text))).toMatchObject({ code: 'E_TIME', line })
  })

  it('says that a field is no number, and that most of a series is missing', () => {
    expect(failure(() => read(hours('01 22:00:00,x,1')))).toMatchObject({ code: 'E_NOT_NUMERIC', line: 2 })
    const sparse = hours('01 00:00:00,1,1', '01 01:00:00,1,1', '20 00:00:00,1,1')
    expect(failure(() => read(sparse, 'linear')).message).toContain('of 457 steps are missing, more than are there')
    expect(read(sparse, 'split').partStarts).toEqual([0, 2])
  })
})

describe('scalers', () => {
  const rows = hostArray(Float32Array.of(1, 100, 3, 100, 5, 100, 7, 100), [4, 2])

  it('are fitted on what they are given, column by column, and undo themselves', () => {
    const scaler = standardScaler(rows)
    expect(scaler.offset).toEqual([4, 100])
    expect(scaler.scale).toEqual([Math.sqrt(5), 1]) // a column of one value only is not stretched
    const other = hostArray(Float32Array.of(9, 101), [1, 2])
    expect([...scaler.apply(other).data]).toEqual([Math.fround(Math.sqrt(5)), 1])
    for (const each of [scaler, minMaxScaler(rows), scalerFromJSON(JSON.parse(JSON.stringify(scaler)))]) {
      const back = each.invert(each.apply(rows))
      expect(back.shape).toEqual([4, 2])
      back.data.forEach((x, i) => expect(x).toBeCloseTo(rows.data[i]!, 5))
    }
    expect(rows.data[0]).toBe(1)
  })

  it('of one column take forecasts of any shape', () => {
    const column = minMaxScaler(rows).column(0)
    expect([...column.apply(hostArray(Float32Array.of(1, 4, 7, 10), [2, 2])).data]).toEqual([0, 0.5, 1, 1.5])
  })

  it('say what is wrong', () => {
    expect(failure(() => standardScaler(hostArray(Float32Array.of(1, NaN), [2, 1]))).code).toBe('E_NOT_FINITE')
    expect(failure(() => standardScaler(hostArray(new Float32Array(0), [0, 1]))).code).toBe('E_SHAPE')
    expect(failure(() => standardScaler(rows).apply(hostArray(new Float32Array(3), [3]))).code).toBe('E_SHAPE')
    expect(failure(() => standardScaler(rows).column(2)).code).toBe('E_ID')
    expect(failure(() => minMaxScaler(rows, { range: [1, 1] })).code).toBe('E_ARGUMENT')
    for (const json of [null, {}, { format: 'rnn-scaler', version: 1, offset: [1], scale: [0] }])
      expect(failure(() => scalerFromJSON(json, 's.json'))).toMatchObject({ code: 'E_JSON', file: 's.json' })
  })
})

describe('seriesWindows', () => {
  const series = seriesOf({ x: Float32Array.of(1, 2, 3, 4, 5, 6), y: Float32Array.of(10, 20, 30, 40, 50, 60) })

  it('gives what follows each window', () => {
    const { inputs, targets, targetSteps } = seriesWindows(series, { steps: 2, horizon: 2, target: 'y', stride: 2 })
    expect(inputs).toEqual({ data: Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), shape: [2, 2, 2] })
    expect(targets).toEqual({ data: Float32Array.of(30, 40, 50, 60), shape: [2, 2] })
    expect([...targetSteps]).toEqual([2, 4])
    const all = seriesWindows(series, { steps: 4, horizon: 1 })
    expect(all.targets).toEqual({ data: Float32Array.of(5, 50, 6, 60), shape: [2, 1, 2] })
  })

  it('never reaches over a gap', () => {
    const split = { ...series, partStarts: [0, 3] }
    expect([...seriesWindows(split, { steps: 2 }).targetSteps]).toEqual([2, 5])
    expect(failure(() => seriesWindows(split, { steps: 3 })).message).toContain('the longest part of the series has 3')
    expect([...seriesWindows(sliceSeries(split, 1), { steps: 2 }).targetSteps]).toEqual([4])
    expect(sliceSeries(split, 3).partStarts).toEqual([0])
  })

  it('says what is wrong', () => {
    expect(failure(() => seriesWindows(series, { steps: 2, target: 'z' as 'x' })).code).toBe('E_COLUMN')
    expect(failure(() => seriesWindows(series, { steps: 0 })).code).toBe('E_ARGUMENT')
    expect(failure(() => sliceSeries(series, 2, 9)).code).toBe('E_ARGUMENT')
    expect(failure(() => seriesOf({ x: [1], y: [1, 2] })).code).toBe('E_SHAPE')
  })
})

const shared = process.env['RNN_SHARED'] ?? join(import.meta.dirname, '../../../../shared')
const folder = join(shared, 'data/series')
const atHand = existsSync(folder)
if (!atHand) console.log(`The real series are not at hand (no ${folder}; set RNN_SHARED): their tests are left out.`)

describe.skipIf(!atHand)('real series (left out where the data are not at hand)', () => {
  it('airline passengers are 144 months', () => {
    const text = readFileSync(join(folder, 'airline-passengers.csv'), 'utf8')
    const table = parseTable(text, { columns: ['Month', 'Passengers'] })
    const { values, partStarts } = numericSeries(table, { columns: ['Passengers'], time: 'Month' })
    expect(values.shape).toEqual([144, 1])
    expect(partStarts).toEqual([0])
    expect([values.data[0], values.data.at(-1)]).toEqual([112, 432])
  })

  it('ETTh1 is 17,420 hours without a gap', async () => {
    const text = decodeText(createReadStream(join(folder, 'ETTh1.csv.gz')))
    const table = await readTable(text, { name: 'ETTh1.csv', columns: ['date', 'OT'] })
    expect(numericSeries(table, { columns: ['OT'], time: 'date' }).values.shape).toEqual([17_420, 1])
  })
})
