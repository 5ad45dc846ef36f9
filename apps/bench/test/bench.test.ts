/** The bench end to end on tiny sizes, its comparison of outputs, and its errors. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agrees, compareOutputs } from '../src/compare.ts'
import type { Outputs } from '../src/subjects/subject.ts'
import { judge, type SubjectResult } from '../src/results.ts'
import { checkInstalled, findSubject } from '../src/subjects/index.ts'
import { summarize } from '../src/statistics.ts'
import { findWorkload } from '../src/workloads/index.ts'
import { ADAM, recurrentData } from '../src/workloads/recurrent-data.ts'

const conditions = process.env['RNN_RESOLVE'] === 'dist' ? [] : ['--conditions=@rnn/source']
const cli = join(import.meta.dirname, '../src/cli.ts')

function bench(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...conditions, cli, ...args], { encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

describe('the command', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-bench-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('compares, times and reports a tiny workload of each kind', () => {
    const only = ['lstm-infer-2x3x4x5', 'gru-train-2x3x4x5', 'scan-linear-2x3x4x5']
    const { code, stdout, stderr } = bench('--quick', '--json', '--only', only.join(','), '--out', folder)
    expect(stderr).not.toContain('bench:')
    expect(code).toBe(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(({ workload, subject }) => `${workload} ${subject}`)).toEqual(
      only.flatMap((workload) => [`${workload} rnn-cpu`, `${workload} tfjs-cpu`]),
    )
    const keys = ['workload', 'subject', 'threads', 'medianMs', 'minMs', 'maxMs', 'gflops', 'shareOfProbe', 'runs']
    for (const line of lines) expect(Object.keys(line).slice(0, keys.length)).toEqual(keys)
    expect(lines[0]).toMatchObject({ threads: 1, shareOfProbe: null, runs: 1 })
    expect(lines[4]).toMatchObject({ cases: { 'T=3': expect.any(Number), 'T=12': expect.any(Number) } })
    expect(lines[4]).toHaveProperty('ratio')

    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as { bars: unknown[] }
    expect(results.bars).toHaveLength(3)
    expect(readFileSync(join(folder, 'chart.svg'), 'utf8')).toMatch(/^<svg [^]*scan-linear-2x3x4x5[^]*<\/svg>\n$/)
  })

  test('names what is wrong in one line and exits with an error', () => {
    const unknownWorkload = bench('--only', 'lstm-infer-32x50')
    expect(unknownWorkload.stderr).toMatch(/^bench: there is no workload 'lstm-infer-32x50'; take .*\n$/)
    expect(unknownWorkload.code).toBe(1)
    const unknownSubject = bench('--subjects', 'rnn-cpu,tfjs-quantum')
    expect(unknownSubject.stderr).toMatch(/^bench: there is no subject 'tfjs-quantum'; take one of rnn-cpu, .*\n$/)
    expect(unknownSubject.code).toBe(1)
    expect(bench('--rounds', '0')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: .*whole number.*\n$/),
    })
    const unwritable = bench('--quick', '--only', 'lstm-infer-1x1x1x1', '--subjects', 'rnn-cpu', '--out', cli)
    expect(unwritable.stderr).toMatch(/\nbench: the results can't be written to .*\n$/)
    expect(unwritable.code).toBe(1)
  })
})

test('a subject whose packages are missing is named with the package', () => {
  const subject = { ...findSubject('tfjs-cpu'), packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-abacus'] }
  expect(() => checkInstalled(subject)).toThrow(
    /^tfjs-cpu needs the package @tensorflow\/tfjs-backend-abacus, which is not installed; /,
  )
  expect(() => checkInstalled(findSubject('tfjs-cpu'))).not.toThrow()
})

describe('the comparison of outputs', () => {
  const { task } = findWorkload('lstm-train-2x3x4x5').cases[0]
  const data = recurrentData(task)
  const gradients = { kernel: data.kernel.map((_, i) => Math.sin(i)) }
  const updated = {
    kernel: data.kernel.map(
      (weight, i) =>
        weight - (ADAM.learningRate * gradients.kernel[i]!) / (Math.abs(gradients.kernel[i]!) + ADAM.epsilon),
    ),
  }
  const reference = { values: { loss: Float32Array.of(0.5) }, gradients, updated }
  const worst = (outputs: Outputs): string | undefined => {
    const disagreeing = compareOutputs(task, outputs, reference).filter((each) => !agrees(each))
    return disagreeing[0]?.name
  }

  test('accepts rounding and refuses anything more', () => {
    expect(worst(reference)).toBeUndefined()
    expect(worst({ ...reference, values: { loss: Float32Array.of(0.500001) } })).toBeUndefined()
    expect(worst({ ...reference, values: { loss: Float32Array.of(0.5001) } })).toBe('loss')
    expect(worst({ ...reference, values: { loss: Float32Array.of(Number.NaN) } })).toBe('loss')
    expect(worst({ ...reference, values: { loss: Float32Array.of() } })).toBe('loss')
    expect(worst({ ...reference, gradients: { kernel: gradients.kernel.toReversed() } })).toMatch(/kernel/)
  })

  test('refuses a training step without its update', () => {
    expect(worst({ ...reference, updated: { kernel: data.kernel } })).toBe('updated kernel')
  })
})

test('a bar is met or missed by the medians of the fastest implementations', () => {
  const timed = (...runsMs: number[]) => ({ name: '', equation: '', agreement: null, gflops: 0, ...summarize(runsMs) })
  const result = (subject: string, ...runsMs: number[]): SubjectResult => ({
    workload: 'w',
    subject,
    threads: 1,
    shareOfProbe: null,
    cases: [{ name: '', implementations: [timed(...runsMs)] }],
  })
  const bar = { kind: 'faster', subject: 'ours', than: 'theirs', atLeast: 5 } as const
  const ours = result('ours', 1, 2, 30)
  expect(judge('w', bar, [ours, result('theirs', 10, 11)])).toMatchObject({ measured: 5.25, met: true })
  expect(judge('w', bar, [ours, result('theirs', 9)])).toMatchObject({ measured: 4.5, met: false })
  expect(judge('w', bar, [ours])).toMatchObject({ measured: null, met: null })
})
