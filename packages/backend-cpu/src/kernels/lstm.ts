// The gates of the LSTM (Hochreiter & Schmidhuber 1997, with forget gates: Gers et al. 2000), in PyTorch's order i, f, g, o.

import { sigmoid, tanh } from '../math.ts'
import type { BackwardRow, CellRows, ForwardRow } from './cell-rows.ts'
import { PANEL_ROWS } from './panels.ts'

const forward: ForwardRow = (arrays, units, p, q, _b, s, o, r) => {
  const { projected, product, hidden, cell, sequence, reserve } = arrays
  for (let j = 0; j < units; j++) {
    const i = sigmoid(projected[p + j]! + product[q + j]!)
    const f = sigmoid(projected[p + units + j]! + product[q + units + j]!)
    const g = tanh(projected[p + 2 * units + j]! + product[q + 2 * units + j]!)
    const y = sigmoid(projected[p + 3 * units + j]! + product[q + 3 * units + j]!)
    const c = Math.fround(f * cell[s + j]! + i * g)
    const h = Math.fround(y * tanh(c))
    cell[s + j] = c
    hidden[s + j] = h
    sequence[o + j] = h
    if (reserve !== null) {
      reserve[r + j] = i
      reserve[r + units + j] = f
      reserve[r + 2 * units + j] = g
      reserve[r + 3 * units + j] = y
      reserve[r + 4 * units + j] = c
    }
  }
}

const backward: BackwardRow = (arrays, units, g, _h, r, before, x, s, o, _u, d) => {
  const { gradSequence, reserve, gradProjected, panels, hidden, cell } = arrays
  const next = PANEL_ROWS * units
  for (let j = 0; j < units; j++, d += PANEL_ROWS) {
    const input = reserve[r + j]!
    const forget = reserve[r + units + j]!
    const candidate = reserve[r + 2 * units + j]!
    const output = reserve[r + 3 * units + j]!
    const squashed = tanh(reserve[r + 4 * units + j]!)
    const gradH = gradSequence[g + j]! + hidden[s + j]!
    const gradC = cell[s + j]! + gradH * output * (1 - squashed * squashed)
    const gradI = gradC * candidate * input * (1 - input)
    const gradF = gradC * before[x + j]! * forget * (1 - forget)
    const gradG = gradC * input * (1 - candidate * candidate)
    const gradO = gradH * squashed * output * (1 - output)
    gradProjected[o + j] = gradI
    gradProjected[o + units + j] = gradF
    gradProjected[o + 2 * units + j] = gradG
    gradProjected[o + 3 * units + j] = gradO
    panels[d] = gradI
    panels[d + next] = gradF
    panels[d + 2 * next] = gradG
    panels[d + 3 * next] = gradO
    hidden[s + j] = 0
    cell[s + j] = gradC * forget
  }
}

export const lstm: CellRows = { gates: 4, reserved: 5, before: 'cell', forward, backward }
