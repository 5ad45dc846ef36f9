/** Results as a Markdown page: what they were measured on, and one table with each subject's fastest implementation. */

import { headlineOf, type BenchResults } from '../results.ts'
import { describeImplementation, devicesOf, number } from './tables.ts'

/** The page. */
export function renderMarkdown(results: BenchResults): string {
  const { machine, date, command, effort, subjects, failures } = results
  const { cpu, cores, memoryGiB, os, node } = machine
  const rows = subjects.flatMap((result) => {
    const headline = headlineOf(result)
    if (headline === undefined) return []
    const { workload, subject, device, memoryGBs, shareOfProbe } = result
    const { medianMs, minMs, maxMs, runs, gflops } = headline
    const share = (value: number | null | undefined): string => value?.toPrecision(2) ?? ''
    const meaningful = device?.software !== true
    return [
      [
        workload,
        subject,
        describeImplementation(headline, memoryGBs, device),
        number(medianMs),
        `${number(minMs)}–${number(maxMs)}`,
        String(runs),
        number(gflops),
        share(shareOfProbe),
        meaningful ? share(device?.shareOfPeak) : '',
        meaningful ? share(device?.shareOfMatmul) : '',
        meaningful ? share(device?.shareOfCopy) : '',
      ],
    ]
  })
  const head = [
    'workload',
    'subject',
    'implementation',
    'median ms',
    'min–max',
    'runs',
    'GFLOP/s',
    'of the wasm probe',
    "of the device's peak",
    "of the device's matmul",
    "of the device's copy",
  ]
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    '# Bench',
    '',
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; Node ${node}. ${date}, ${effort.rounds} round${effort.rounds === 1 ? '' : 's'}: \`${command}\``,
    '',
    ...devicesOf(subjects).flatMap((text) => [`${text}.`, '']),
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    '',
    ...failures.map(({ workload, reason }) => `- not measured: ${workload === null ? '' : `${workload}: `}${reason}`),
    '',
  ].join('\n')
}
