// The simple cells (Elman 1990): h' = tanh(x + h·R), or with relu.

import { tanh } from '../math.ts'
import type { CellRows } from './cell-rows.ts'
import { PANEL_ROWS } from './panels.ts'

export const simpleTanh: CellRows = {
  gates: 1,
  reserved: 0,
  before: 'none',
  forward: ({ projected, product, hidden, sequence }, units, p, q, _b, s, o) => {
    for (let j = 0; j < units; j++) {
      const h = Math.fround(tanh(projected[p + j]! + product[q + j]!))
      hidden[s + j] = h
      sequence[o + j] = h
    }
  },
  backward: ({ gradSequence, sequence, gradProjected, panels, hidden }, units, g, h, _r, _before, _x, s, o, _u, d) => {
    for (let j = 0; j < units; j++) {
      const y = sequence[h + j]!
      const grad = (gradSequence[g + j]! + hidden[s + j]!) * (1 - y * y)
      gradProjected[o + j] = grad
      panels[d + PANEL_ROWS * j] = grad
      hidden[s + j] = 0
    }
  },
}

export const simpleRelu: CellRows = {
  gates: 1,
  reserved: 0,
  before: 'none',
  forward: ({ projected, product, hidden, sequence }, units, p, q, _b, s, o) => {
    for (let j = 0; j < units; j++) {
      const sum = projected[p + j]! + product[q + j]!
      const h = sum < 0 ? 0 : Math.fround(sum)
      hidden[s + j] = h
      sequence[o + j] = h
    }
  },
  backward: ({ gradSequence, sequence, gradProjected, panels, hidden }, units, g, h, _r, _before, _x, s, o, _u, d) => {
    for (let j = 0; j < units; j++) {
      const grad = sequence[h + j]! > 0 ? gradSequence[g + j]! + hidden[s + j]! : 0
      gradProjected[o + j] = grad
      panels[d + PANEL_ROWS * j] = grad
      hidden[s + j] = 0
    }
  },
}
