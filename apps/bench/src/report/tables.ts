/** Results for people: a table of times and a table of bars. */

import Table from 'cli-table3'
import { describeBar, type BarResult, type BenchResults, type SubjectResult } from '../results.ts'

/** The whole report as text. */
export function renderReport(results: BenchResults): string {
  const { machine, date, loadBefore } = results
  const { rounds } = results.effort
  const { cpu, cores, memoryGiB, os, node, v8 } = machine
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}; Node ${node} (V8 ${v8})`,
    `${date}, ${rounds} round${rounds === 1 ? '' : 's'}, load at the start ${loadBefore.toFixed(2)}`,
    timesTable(results.subjects),
    barsTable(results.bars),
  ].join('\n')
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
      'time ÷ ours',
      'off by',
    ],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const { workload, subject, cases } of subjects) {
    const ours = subjects.find((each) => each.workload === workload)
    for (const { name, implementations } of cases) {
      const reference = ours?.cases.find((each) => each.name === name)?.implementations[0]
      for (const each of implementations) {
        const { medianMs, minMs, maxMs, runs, gflops, agreement } = each
        const ratio = reference === undefined || reference === each ? '' : number(medianMs / reference.medianMs)
        const label = cases.length > 1 ? `${workload} ${name}` : workload
        const how = /before/.test(each.equation) ? `${each.name} (reset before)` : each.name
        table.push([
          label,
          subject,
          how,
          number(medianMs),
          number(minMs),
          number(maxMs),
          runs,
          number(gflops),
          ratio,
          agreement?.deviation.toExponential(0) ?? '',
        ])
      }
    }
  }
  return table.toString()
}

function barsTable(bars: readonly BarResult[]): string {
  if (bars.length === 0) return 'no bars'
  const table = new Table({ head: ['workload', 'bar', 'measured', ''], style: { head: [], border: [], compact: true } })
  for (const { workload, bar, measured, met } of bars) {
    table.push([
      workload,
      describeBar(bar),
      measured === null ? '' : `${number(measured)}×`,
      met === null ? 'not measured' : met ? 'met' : 'MISSED',
    ])
  }
  return table.toString()
}

/** Three significant digits, without an exponent. */
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
