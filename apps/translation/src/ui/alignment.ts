/** What a translation looked at: a table for the terminal, a heat map as a picture. */

import { drawSvg } from 'app-kit/picture'
import { paint } from 'app-kit/ui/style'
import { outputColumns, printable } from 'app-kit/ui/wrap'

/** Which source pieces each target piece looked at. */
export interface Alignment {
  readonly sourcePieces: readonly string[]
  readonly targetPieces: readonly string[]
  /** By target piece, by source piece; each row adds up to 1. */
  readonly weights: readonly (readonly number[])[]
}

const shades = [' ', '░', '▒', '▓', '█'] as const

/** One line a target piece: a mark for each source piece, the darker the more it was looked at, and the one that was looked at most. */
export function alignmentTable({ sourcePieces, targetPieces, weights }: Alignment): string[] {
  const targets = targetPieces.map(shown)
  const sources = sourcePieces.map(shown)
  const column = Math.max(...targets.map(({ length }) => length))
  const room = outputColumns() ?? Infinity
  const wide = sources.reduce((sum, { length }) => sum + length + 1, column + 3) <= room
  const cells = sources.map(({ length }) => (wide ? Math.max(length, 1) : 1))
  const head = wide ? [`  ${' '.repeat(column)} ${sources.map((each) => paint('dim', each)).join(' ')}`] : []
  const rows = weights.map((row, i) => {
    const marks = row.map((weight, j) => (shades[shadeOf(weight)] as string).repeat(cells[j] as number))
    const best = row.indexOf(Math.max(...row))
    const most = wide ? '' : ` ${sources[best] ?? ''} ${(row[best] ?? 0).toFixed(2)}`
    return `  ${(targets[i] ?? '').padStart(column)} ${marks.join(wide ? ' ' : '')}${most}`
  })
  return [...head, ...rows]
}

function shadeOf(weight: number): number {
  return Math.min(shades.length - 1, Math.floor(weight * shades.length))
}

/** Pieces as people read them: `▁`, the space before a subword, is left out. */
function shown(piece: string): string {
  return printable(piece.replace(/^▁/, '')) || '·'
}

/** The alignment as a heat map, as SVG text. */
export async function alignmentPicture({ sourcePieces, targetPieces, weights }: Alignment): Promise<string> {
  // Axes are of positions, since a piece may come twice; their labels are the pieces.
  const values = weights.flatMap((row, target) => row.map((weight, source) => ({ target, source, weight })))
  const label = (pieces: readonly string[]): string => `${JSON.stringify(pieces.map(shown))}[datum.value]`
  const cell = { step: 26 }
  return drawSvg({
    background: 'white',
    data: { values },
    width: cell,
    height: cell,
    mark: { type: 'rect', tooltip: true },
    encoding: {
      x: {
        field: 'source',
        type: 'ordinal',
        axis: { orient: 'top', labelAngle: -50, labelExpr: label(sourcePieces), title: 'source', ticks: false },
      },
      y: {
        field: 'target',
        type: 'ordinal',
        axis: { labelExpr: label(targetPieces), title: 'translation', ticks: false },
      },
      color: {
        field: 'weight',
        type: 'quantitative',
        scale: { range: ['white', '#08306b'], domain: [0, 1] },
        legend: { title: 'attention' },
      },
    },
  })
}
