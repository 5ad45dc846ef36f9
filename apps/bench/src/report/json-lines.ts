/** Results for programs: one JSON line for each workload and subject. */

import { headlineOf, type BarResult, type SubjectResult } from '../results.ts'

/**
 * The line of a subject on a workload. Times and GFLOP/s are those of its fastest implementation; a workload of several cases reports its last one here, all of them under `cases`, and under
 * `ratio` how many times the first one's median the last one's is. Only a subject on a device has `device`, `software`, and its shares of what the device gives at most.
 */
export function jsonLine(result: SubjectResult, bars: readonly BarResult[]): string {
  const { workload, subject, threads, cases, shareOfProbe, device } = result
  const headline = headlineOf(result)
  if (headline === undefined) return ''
  const { medianMs, minMs, maxMs, gflops, runs } = headline
  const growth = bars.find((each) => each.workload === workload && each.bar.kind === 'growth')
  return JSON.stringify({
    workload,
    subject,
    threads,
    medianMs: rounded(medianMs),
    minMs: rounded(minMs),
    maxMs: rounded(maxMs),
    gflops: rounded(gflops),
    shareOfProbe: maybe(shareOfProbe),
    runs,
    ...(cases.length > 1 && {
      cases: Object.fromEntries(cases.map(({ name, implementations: [fastest] }) => [name, rounded(fastest.medianMs)])),
      ratio: rounded(medianMs / (cases[0]?.implementations[0].medianMs ?? Number.NaN)),
    }),
    ...(device !== null && {
      device: device.name,
      software: device.software,
      shareOfPeak: maybe(device.shareOfPeak),
      shareOfMatmul: maybe(device.shareOfMatmul),
      shareOfCopy: maybe(device.shareOfCopy),
    }),
    ...(growth?.bar.subject === subject && { barMet: growth.met }),
  })
}

function maybe(value: number | null): number | null {
  return value === null ? null : rounded(value)
}

function rounded(value: number): number {
  return Number(value.toPrecision(5))
}
