/** Results as a picture: GFLOP/s of each subject on each workload, as an SVG with bars on a logarithmic axis. */

import { headlineOf, type BenchResults, type SubjectResult } from '../results.ts'

const WIDTH = 820
const LABEL_WIDTH = 270
const VALUE_WIDTH = 60
const ROW_HEIGHT = 18
const GROUP_GAP = 14
const HEADER_HEIGHT = 56
const AXIS_HEIGHT = 34
const COLORS = [
  '#0b6e99',
  '#d9730d',
  '#448361',
  '#9065b0',
  '#c14c8a',
  '#787774',
  '#cb912f',
  '#337ea9',
  '#5f9e3a',
  '#b8b5ae',
]

/** Draws the chart. Longer bars are faster; the subject's headline implementation counts. */
export function renderChart(results: BenchResults): string {
  const workloads = [...new Set(results.subjects.map((each) => each.workload))]
  const ids = [...new Set(results.subjects.map((each) => each.subject))]
  const values = results.subjects.map((each) => headlineOf(each)?.gflops ?? 1)
  const low = Math.floor(Math.log10(Math.min(...values)) - 0.1)
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1)
  const plotWidth = WIDTH - LABEL_WIDTH - VALUE_WIDTH
  const x = (value: number): number => LABEL_WIDTH + ((Math.log10(value) - low) / (high - low)) * plotWidth

  const rows: string[] = []
  let y = HEADER_HEIGHT
  for (const workload of workloads) {
    rows.push(text(8, y + 13, workload, 'font-weight="600"'))
    for (const each of results.subjects.filter((each) => each.workload === workload)) {
      const gflops = headlineOf(each)?.gflops ?? 0
      const color = COLORS[ids.indexOf(each.subject) % COLORS.length]
      const end = x(Math.max(gflops, 10 ** low))
      rows.push(text(LABEL_WIDTH - 8, y + 13, labelOf(each), 'text-anchor="end"'))
      rows.push(
        `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${(end - LABEL_WIDTH).toFixed(1)}" height="${ROW_HEIGHT - 5}" fill="${color}"/>`,
      )
      rows.push(text(end + 5, y + 13, gflops.toPrecision(3)))
      y += ROW_HEIGHT
    }
    y += GROUP_GAP
  }
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)).flatMap((value) => [
    `<line x1="${x(value)}" x2="${x(value)}" y1="${HEADER_HEIGHT - 6}" y2="${y}" stroke="#ddd"/>`,
    text(x(value), y + 16, String(Number(value.toPrecision(1))), 'text-anchor="middle"'),
  ])
  const { cpu, node } = results.machine
  const height = y + AXIS_HEIGHT
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(8, 18, 'GFLOP/s, more is better (logarithmic)', 'font-size="14" font-weight="600"'),
    text(
      8,
      36,
      `${cpu}, Node ${node}, ${results.date.slice(0, 10)}, medians over ${results.effort.rounds} round${results.effort.rounds === 1 ? '' : 's'}`,
      'fill="#666"',
    ),
    ...ticks,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

function labelOf({ subject, device }: SubjectResult): string {
  return device?.software === true ? `${subject} (in software)` : subject
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`
}
