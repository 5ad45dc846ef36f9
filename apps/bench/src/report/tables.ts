/** Results for people: a table of times and a table of bars. */

import Table from 'cli-table3'
import {
  describeBar,
  describeDevice,
  type BarResult,
  type BenchResults,
  type DeviceResult,
  type ImplementationResult,
  type SubjectResult,
} from '../results.ts'
import type { Bar } from '../workloads/workload.ts'

/** What other times are divided by: the first of these that was run. */
const OURS = ['rnn-wasm', 'rnn-cpu', 'rnn-wasm-2']

/** The whole report as text. */
export function renderReport(results: BenchResults): string {
  const { machine, date, loadBefore } = results
  const { rounds } = results.effort
  const { cpu, cores, memoryGiB, os, node, v8 } = machine
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; Node ${node} (V8 ${v8})`,
    `${date}, ${rounds} round${rounds === 1 ? '' : 's'}, load at the start ${loadBefore.toFixed(2)}`,
    ...devicesOf(results.subjects),
    timesTable(results.subjects),
    barsTable(results.bars),
  ].join('\n')
}

/** A line about each subject that computed on a device. */
export function devicesOf(subjects: readonly SubjectResult[]): string[] {
  const lines = subjects.flatMap(({ subject, device }) =>
    device === null ? [] : [`${subject} ran on ${describeDevice(device)}`],
  )
  return [...new Set(lines)]
}

function timesTable(subjects: readonly SubjectResult[]): string {
  const table = new Table({
    head: [
      'workload',
      'subject',
      'implementation',
      'median ms',
      'min',
      'max',
      'runs',
      'GFLOP/s',
      'of probe',
      'time ÷ ours',
      'off by',
    ],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const { workload, subject, cases, shareOfProbe, memoryGBs, device } of subjects) {
    const ours = OURS.map((id) => subjects.find((each) => each.workload === workload && each.subject === id)).find(
      (each) => each !== undefined,
    )
    for (const { name, implementations } of cases) {
      const reference = ours?.cases.find((each) => each.name === name)?.implementations[0]
      for (const each of implementations) {
        const { medianMs, minMs, maxMs, runs, gflops, agreement } = each
        const ratio =
          reference === undefined || reference === each || memoryGBs !== null || device?.software === true
            ? ''
            : number(medianMs / reference.medianMs)
        const label = cases.length > 1 ? `${workload} ${name}` : workload
        const isHeadline = name === cases.at(-1)?.name && each === implementations[0]
        table.push([
          label,
          subject,
          describeImplementation(each, memoryGBs, device),
          number(medianMs),
          number(minMs),
          number(maxMs),
          runs,
          number(gflops),
          shareOfProbe === null || !isHeadline ? '' : shareOfProbe.toFixed(2),
          ratio,
          agreement?.deviation.toExponential(0) ?? '',
        ])
      }
    }
  }
  return table.toString()
}

/** The implementation, with what its equation or its device has to be said of. */
export function describeImplementation(
  { name, equation, tokensPerSecond }: ImplementationResult,
  memoryGBs: number | null,
  device: DeviceResult | null,
): string {
  const speed = tokensPerSecond === undefined ? '' : `; ${number(tokensPerSecond)} target words/s`
  if (device !== null) return `${name}${speed}; ${describeShares(device)}`
  if (memoryGBs !== null) return `${name}; reads ${number(memoryGBs)} GB/s`
  const variant = /reset before|hidden state for cell/.exec(equation)
  return variant === null ? `${name}${speed}` : `${name} (${variant[0]})`
}

/** `0.42 of its matmul, 0.13 of its copy`; of a device in software, that its times mean nothing. */
export function describeShares(device: DeviceResult): string {
  if (device.software) return 'IN SOFTWARE, no measure of speed'
  const { peakGflops, matmulGflops, copyGBs, shareOfPeak, shareOfMatmul, shareOfCopy } = device
  const shares = [
    ...(shareOfPeak === null || peakGflops === null
      ? []
      : [`${shareOfPeak.toPrecision(2)} of its peak (${number(peakGflops)} GFLOP/s)`]),
    ...(shareOfMatmul === null || matmulGflops === null
      ? []
      : [`${shareOfMatmul.toPrecision(2)} of its matmul (${number(matmulGflops)} GFLOP/s)`]),
    ...(shareOfCopy === null || copyGBs === null
      ? []
      : [`${shareOfCopy.toPrecision(2)} of its copy (${number(copyGBs)} GB/s)`]),
  ]
  return shares.length === 0 ? 'shares of the device not measured' : shares.join(', ')
}

function barsTable(bars: readonly BarResult[]): string {
  if (bars.length === 0) return 'no bars'
  const table = new Table({ head: ['workload', 'bar', 'measured', ''], style: { head: [], border: [], compact: true } })
  for (const { workload, bar, measured, met, against } of bars) {
    table.push([
      workload,
      describeBar(bar),
      measured === null ? '' : describeMeasured(measured, bar.kind, against),
      met === null ? 'not measured' : met ? 'met' : 'MISSED',
    ])
  }
  return table.toString()
}

function describeMeasured(measured: number, kind: Bar['kind'], against: string | null): string {
  if (kind === 'share') return measured.toFixed(2)
  return against === null ? `${number(measured)}×` : `${number(measured)}× ${against}`
}

/** As people read it: three significant digits; an exponent only below a millionth. */
export function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
