/** The bench end to end on tiny sizes, its comparison of outputs, and its errors. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { agrees, compareOutputs } from '../src/compare.ts'
import type { Outputs } from '../src/subjects/subject.ts'
import { judge, type SubjectResult } from '../src/results.ts'
import { startSubjectProcess } from '../src/process/subject-process.ts'
import { checkInstalled, findSubject } from '../src/subjects/index.ts'
import { bytes, integer, join as joinBytes } from '../src/subjects/ort/protobuf.ts'
import { CELL_VARIANTS } from '../src/workloads/workload.ts'
import { missingPackage, missingPeerPackage } from '../src/subjects/packages.ts'
import { summarize } from '../src/statistics.ts'
import { findWorkload } from '../src/workloads/index.ts'
import { ADAM, recurrentData } from '../src/workloads/recurrent-data.ts'
import type { Bar, RecurrentTask } from '../src/workloads/workload.ts'

const conditions = process.env['RNN_RESOLVE'] === 'dist' ? [] : ['--conditions=@rnn/source']
/** Ends at once and without an error whatever it is told: a Python that dies before it answers. */
const NO_PYTHON = '/bin/true'
const cli = join(import.meta.dirname, '../src/cli.ts')

function bench(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, RNN_PYTHON: NO_PYTHON }
  const { status, stdout, stderr } = spawnSync(process.execPath, [...conditions, cli, ...args], {
    encoding: 'utf8',
    env,
  })
  return { code: status, stdout, stderr }
}

// Each bench starts a process for each subject and workload.
vi.setConfig({ testTimeout: 180_000 })

describe('the command', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rnn-bench-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const linesOf = (stdout: string): Record<string, unknown>[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const keys = ['workload', 'subject', 'threads', 'medianMs', 'minMs', 'maxMs', 'gflops', 'shareOfProbe', 'runs']

  test('compares, times and reports a tiny workload of each kind', () => {
    const only = ['lstm-infer-2x3x4x5', 'gru-train-2x3x4x5', 'scan-linear-2x3x4x5']
    const ids = ['rnn-cpu', 'rnn-wasm', 'tfjs-cpu', 'probe']
    const chosen = ['--only', only.join(','), '--subjects', ids.join(',')]
    const { code, stdout, stderr } = bench('--quick', '--json', ...chosen, '--out', folder)
    expect(stderr).not.toContain('bench:')
    expect(code).toBe(0)
    const lines = linesOf(stdout)
    expect(lines.map(({ workload, subject }) => `${workload} ${subject}`)).toEqual(
      only.flatMap((workload) => ids.map((id) => `${workload} ${id}`)),
    )
    for (const line of lines) expect(Object.keys(line).slice(0, keys.length)).toEqual(keys)
    expect(lines[0]).toMatchObject({ threads: 1, shareOfProbe: expect.any(Number), runs: 1 })
    expect(lines[3]).toMatchObject({ subject: 'probe', shareOfProbe: 1 })
    expect(lines[8]).toMatchObject({ cases: { 'T=3': expect.any(Number), 'T=12': expect.any(Number) } })
    expect(lines[8]).toHaveProperty('ratio')

    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as { bars: unknown[] }
    expect(results.bars).toHaveLength(3)
    expect(readFileSync(join(folder, 'chart.svg'), 'utf8')).toMatch(/^<svg [^]*scan-linear-2x3x4x5[^]*<\/svg>\n$/)
  })

  test('carries a state from step to step, trains a text classifier and a translation model, and goes on when a subject fails', () => {
    const only = ['lstm-step-5', 'gru-step-4', 'text-train-2x3', 'seq2seq-train-2x3x50x8x16']
    const chosen = ['--only', only.join(','), '--subjects', 'rnn-wasm,torch']
    const { code, stdout, stderr } = bench('--quick', '--json', ...chosen, '--out', folder)
    const lines = linesOf(stdout)
    expect(lines.map(({ workload, subject }) => `${workload} ${subject}`)).toEqual(only.map((id) => `${id} rnn-wasm`))
    for (const line of lines) expect(Object.keys(line)).toEqual(keys)
    for (const id of only) expect(stderr).toContain(`\nbench: ${id}: torch: Python ended with exit code 0\n`)
    expect(code).toBe(1)
  })

  test('compares training in parallel over time with training step by step', () => {
    const chosen = ['--only', 'scan-train-1x3x2x4', '--subjects', 'rnn-wasm,tfjs-cpu']
    const { stdout, stderr } = bench('--quick', '--json', ...chosen, '--out', folder)
    expect(stderr).toContain("tfjs-cpu can't do it: nobody has written this for it")
    const lines = linesOf(stdout)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      subject: 'rnn-wasm',
      cases: { GRU: expect.any(Number), minGRU: expect.any(Number) },
      ratio: expect.any(Number),
      barMet: expect.any(Boolean),
    })
  })

  test('times the cells with options beside those without, with the same outputs on either backend', () => {
    const chosen = ['--only', 'cells-train-2x3x4x5', '--subjects', 'rnn-cpu,rnn-wasm']
    const { code, stdout } = bench('--quick', '--json', ...chosen, '--out', folder)
    expect(code).toBe(0)
    const lines = linesOf(stdout)
    expect(lines.map(({ subject }) => subject)).toEqual(['rnn-cpu', 'rnn-wasm'])
    for (const { cases } of lines) expect(Object.keys(cases as object)).toEqual([...CELL_VARIANTS, 'gru', 'lstm'])
  })

  test('computes and times single ops on arrays', () => {
    const only = ['matmul-33', 'add-70001']
    const ids = ['rnn-cpu', 'rnn-wasm', 'tfjs-cpu']
    const { code, stdout, stderr } = bench(
      '--quick',
      '--json',
      '--only',
      only.join(','),
      '--subjects',
      ids.join(','),
      '--out',
      folder,
    )
    expect(stderr).not.toContain('bench:')
    expect(code).toBe(0)
    expect(linesOf(stdout).map(({ workload, subject }) => `${workload} ${subject}`)).toEqual(
      only.flatMap((workload) => ids.map((id) => `${workload} ${id}`)),
    )
  })

  test('says on which device a subject ran, and that software is no measure of speed', () => {
    const chosen = ['--only', 'lstm-infer-2x3x4x5', '--subjects', 'rnn-webgpu', '--out', folder]
    const { code, stdout, stderr } = bench('--quick', ...chosen)
    const unable = /: rnn-webgpu can't do it: .*adapter/.test(stderr)
    expect(unable ? process.env['RNN_WEBGPU'] : undefined).not.toBe('required')
    expect(code).toBe(unable ? 1 : 0)
    if (unable) return
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
    const { subjects } = JSON.parse(read('results.json')) as { subjects: SubjectResult[] }
    const device = subjects[0]?.device
    const measured = expect.any(Number) as number
    expect(device).toMatchObject({ peakGflops: measured, matmulGflops: measured, copyGBs: measured })
    for (const share of [device?.shareOfPeak, device?.shareOfMatmul, device?.shareOfCopy]) {
      expect(share).toBeGreaterThan(0)
    }
    for (const report of [stdout, read('results.md')]) {
      expect(report).toContain(`rnn-webgpu ran on ${device?.name}`)
      expect(report.includes('IN SOFTWARE, no measure of speed')).toBe(device?.software)
    }
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
    const unable = bench('--quick', '--only', 'scan-linear-1x1x1x1', '--subjects', 'torch', '--out', folder)
    expect(unable.stderr).toMatch(/\nbench: torch can do none of the workloads chosen\n$/)
    expect(unable.code).toBe(1)
    const unwritable = bench('--quick', '--only', 'lstm-infer-1x1x1x1', '--subjects', 'rnn-cpu', '--out', cli)
    expect(unwritable.stderr).toMatch(/\nbench: the results can't be written to .*\n$/)
    expect(unwritable.code).toBe(1)
  })
})

test('a subject whose packages are missing is named with the package and what to do', () => {
  const packages = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-abacus']
  const lacking = (missing: ReturnType<typeof missingPackage>): (() => void) => {
    return () => checkInstalled({ ...findSubject('tfjs-cpu'), missing: () => missing })
  }
  expect(lacking(missingPackage(packages))).toThrow(
    /^tfjs-cpu needs the package @tensorflow\/tfjs-backend-abacus, which is not installed; run `npx -y pnpm@12 install`, or leave/,
  )
  expect(missingPeerPackage('tfjs-wasm', ['onnxruntime-abacus'])).toMatchObject({ peer: 'tfjs-wasm' })
  expect(lacking(missingPeerPackage('tfjs-wasm', ['onnxruntime-abacus']))).toThrow(
    /; run `npx -y pnpm@12 bench:peers`,/,
  )
  expect(() => checkInstalled(findSubject('tfjs-cpu'))).not.toThrow()
})

test('a subject that gives no answer is ended after the limit, and says so', async () => {
  const subject = startSubjectProcess('rnn-cpu', 5000) // a busy machine takes seconds to start a process
  await expect(
    subject.ask('prepare', { subject: 'rnn-cpu', tasks: [findWorkload('lstm-infer-1x1x1x1').cases[0].task] }),
  ).resolves.toMatchObject({ cannot: null })
  const forever = { index: 0, minimumMs: 1e9, minimumRuns: 1, maximumMs: 1e9 }
  const ended = /^rnn-cpu: it gave no answer to 'run' within 5 s and was ended/
  await expect(subject.ask('run', forever)).rejects.toThrow(ended)
  await expect(subject.ask('run', forever)).rejects.toThrow(ended)
})

test('fields of a model are written in the wire format of protocol buffers', () => {
  // The examples of its documentation.
  expect(integer(1, 150)).toEqual(Uint8Array.of(0x08, 0x96, 0x01))
  expect(bytes(2, 'testing')).toEqual(Uint8Array.of(0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67))
  expect(bytes(3, [integer(1, 150)])).toEqual(Uint8Array.of(0x1a, 0x03, 0x08, 0x96, 0x01))
  expect(joinBytes([integer(1, 2 ** 35)])).toEqual(Uint8Array.of(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01))
})

describe('the comparison of outputs', () => {
  const sizes = { batch: 2, time: 3, inputSize: 4, units: 5 }
  const task: RecurrentTask = { kind: 'recurrent', cell: 'lstm', mode: 'train', sizes }
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
    shareOfProbe: 0.7,
    memoryGBs: null,
    device: null,
    cases: [{ name: '', implementations: [timed(...runsMs)] }],
  })
  const bar: Bar = { kind: 'faster', subject: 'ours', than: ['theirs', 'others'], atLeast: 5 }
  const ours = result('ours', 1, 2, 30)
  expect(judge('w', bar, [ours, result('theirs', 10, 11)])).toMatchObject({ measured: 5.25, met: true })
  expect(judge('w', bar, [ours, result('theirs', 9)])).toMatchObject({ measured: 4.5, met: false })
  const faster = judge('w', bar, [ours, result('theirs', 10, 11), result('others', 9)])
  expect(faster).toMatchObject({ measured: 4.5, met: false, against: 'others' })
  expect(judge('w', bar, [ours])).toMatchObject({ measured: null, met: null })
  const share: Bar = { kind: 'share', subject: 'ours', atLeast: 0.65 }
  expect(judge('w', share, [ours])).toMatchObject({ measured: 0.7, met: true })
  expect(judge('w', share, [{ ...ours, shareOfProbe: null }])).toMatchObject({ measured: null, met: null })
})
