// The runner, the report and the table drawn from it.

import { readFile } from 'node:fs/promises'
import { cpu } from '@rnn/backend-cpu'
import {
  CASES,
  openSession,
  runConformance,
  selectCases,
  supportTable,
  toleranceTable,
  type CaseResult,
} from '@rnn/conformance'
import { FUSED_OPS, decorate } from '@rnn/core'
import { expect, test } from 'vitest'
import { compare, relativeToLargest } from '../src/check.ts'
import { hostTensor } from '../src/host-tensor.ts'

test('cases are chosen by level, text, pattern and function', () => {
  expect(selectCases().length).toBe(CASES.length)
  expect(selectCases({ levels: ['storage'] }).every(({ level }) => level === 'storage')).toBe(true)
  expect(selectCases({ filter: 'fused/lstm/forward-plain' }).map(({ id }) => id)).toEqual(['fused/lstm/forward-plain'])
  expect(selectCases({ filter: /^primitives\/tanh\// }).length).toBeGreaterThan(2)
  expect(selectCases({ filter: ({ requires }) => requires?.includes('readSync') ?? false }).length).toBe(1)
})

test('a report says what ran on what, and how close to the tolerance', async () => {
  const seen: CaseResult[] = []
  const report = await runConformance(() => cpu(), {
    filter: /primitives\/matmul|storage\/calls/,
    fused: ['recurrentForward'],
    versions: { '@rnn/core': '1.2.3' },
    onResult: (result) => seen.push(result),
  })
  expect(report).toMatchObject({
    format: 1,
    backend: { name: 'cpu' },
    versions: { '@rnn/core': '1.2.3' },
    declaredFused: ['recurrentForward'],
  })
  expect(report.counts.failed).toBe(0)
  expect(seen).toEqual(report.results)
  const worst = Math.max(...report.results.map((result) => result.worst))
  expect(worst).toBeGreaterThan(0)
  expect(worst).toBeLessThan(1)
  expect(JSON.parse(JSON.stringify(report))).toEqual(report)
})

test('a backend without the ops of cells with options passes when it does not declare them: those cells go step by step', async () => {
  const isKnown = (op: string): boolean => !op.startsWith('recurrentVariant')
  const older = async () =>
    decorate(await cpu(), { supports: ({ op }) => isKnown(op) || { reason: `${op} came later` } })
  const report = await runConformance(older, {
    filter: /(peepholes|coupled|hard-sigmoid)[^/]*\/|fused\/lstm\/forward-plain/,
    fused: FUSED_OPS.filter(isKnown),
  })
  expect(report.results.filter(({ status }) => status === 'failed')).toEqual([])
  const statusOf = (id: string): string | undefined => report.results.find((result) => result.id === id)?.status
  expect(statusOf('fused/lstm-peepholes/forward-plain')).toBe('unsupported')
  expect(statusOf('gradients/lstm-peepholes/ragged-reverse')).toBe('passed')
  expect(statusOf('layers/lstm-hard-sigmoid/both-ragged')).toBe('passed')
  expect(statusOf('fused/lstm/forward-plain')).toBe('passed')
})

test('the support table has a row for each subject and a column for each report', async () => {
  const options = { filter: /primitives\/(tanh|fill)\// }
  const report = await runConformance(() => cpu(), options)
  const [first] = report.results
  const worse = {
    ...report,
    backend: { ...report.backend, name: 'mine' },
    results: [{ ...first!, status: 'failed' as const }],
  }
  const table = supportTable([report, worse])
  expect(table.split('\n')[0]).toMatch(/^\| {2}\| cpu \(.*\) \| mine \(.*\) \|$|^\| \| cpu \(.*\) \| mine \(.*\) \|$/)
  expect(table).toMatch(/\| primitives\/fill \| \d+ passed \| \*\*1 failed\*\* \|/)
  expect(table).toMatch(/\| primitives\/tanh \| \d+ passed \(error ≤ 0\.\d\d of tolerance\) \| – \|/)
})

test('a session runs cases one by one', async () => {
  const session = openSession(() => cpu(), { filter: 'storage/order/write-after-run' })
  const result = await session.run(session.cases[0]!)
  expect(result).toMatchObject({ id: 'storage/order/write-after-run', status: 'passed' })
  expect((await session.close()).results).toEqual([result])
})

test('the README shows the tolerance table as it is', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  // The formatter pads the cells.
  const rows = (text: string): string[] =>
    text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-'))
  expect(rows(readme)).toEqual(expect.arrayContaining(rows(toleranceTable()).filter((row) => !row.startsWith('|-'))))
})

test('nothing passes by NaN: neither a result nor a bound', () => {
  const expected = hostTensor([2], [1, NaN])
  expect(compare('x', [1, NaN], expected, Float64Array.of(0, 0))).toBe(0)
  expect(() => compare('x', [NaN, NaN], expected, Float64Array.of(1, 1))).toThrow('x[0] is NaN, expected 1')
  expect(() => compare('x', [2, NaN], expected, relativeToLargest(expected, 1))).toThrow('x[0] is 2, expected 1')
})
