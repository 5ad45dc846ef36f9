// The gates of LSTMs with options: another function, peepholes (Gers & Schmidhuber 2000), coupled gates (Greff et al. 2017).

import { tanh } from '../math.ts'
import type { BackwardRow, CellRows, ForwardRow } from './cell-rows.ts'
import { PANEL_ROWS } from './panels.ts'

type Scalar = (x: number) => number

/**
 * An LSTM whose gates are `activate` of their argument and have the derivative `slope` of their value. Coupled, it has no forget gate but f = 1 − i: order
 * i, g, o instead of i, f, g, o, of the gates as of what is kept.
 */
export function lstmWith(activate: Scalar, slope: Scalar, coupled: boolean): CellRows {
  // Blocks of the gates after i; what a coupled cell has at the place of f is not read.
  const [F, G, O, C] = coupled ? [0, 1, 2, 3] : [1, 2, 3, 4]

  const forward: ForwardRow = (arrays, units, p, q, _b, s, o, r) => {
    const { projected, product, hidden, cell, sequence, reserve, peephole } = arrays
    for (let j = 0; j < units; j++) {
      const before = cell[s + j]!
      let toI = projected[p + j]! + product[q + j]!
      let toF = projected[p + F * units + j]! + product[q + F * units + j]!
      let toO = projected[p + O * units + j]! + product[q + O * units + j]!
      const w = peephole === null ? 0 : peephole.start + j
      if (peephole !== null) {
        toI += peephole.weights[w]! * before
        if (!coupled) toF += peephole.weights[w + units]! * before
      }
      const i = activate(toI)
      const f = coupled ? 1 - i : activate(toF)
      const g = tanh(projected[p + G * units + j]! + product[q + G * units + j]!)
      const c = Math.fround(f * before + i * g)
      if (peephole !== null) toO += peephole.weights[w + (O - 1) * units]! * c
      const y = activate(toO)
      const h = Math.fround(y * tanh(c))
      cell[s + j] = c
      hidden[s + j] = h
      sequence[o + j] = h
      if (reserve !== null) {
        reserve[r + j] = i
        if (!coupled) reserve[r + units + j] = f
        reserve[r + G * units + j] = g
        reserve[r + O * units + j] = y
        reserve[r + C * units + j] = c
      }
    }
  }

  const backward: BackwardRow = (arrays, units, g, _h, r, before, x, s, o, _u, d) => {
    const { gradSequence, reserve, gradProjected, panels, hidden, cell, peephole } = arrays
    const next = PANEL_ROWS * units
    for (let j = 0; j < units; j++, d += PANEL_ROWS) {
      const input = reserve[r + j]!
      const forget = coupled ? 1 - input : reserve[r + units + j]!
      const candidate = reserve[r + G * units + j]!
      const output = reserve[r + O * units + j]!
      const squashed = tanh(reserve[r + C * units + j]!)
      const old = before[x + j]!
      const gradH = gradSequence[g + j]! + hidden[s + j]!
      const gradO = gradH * squashed * slope(output)
      const w = peephole === null ? 0 : peephole.start + j
      let gradC = cell[s + j]! + gradH * output * (1 - squashed * squashed)
      if (peephole !== null) gradC += gradO * peephole.weights[w + (O - 1) * units]!
      const gradI = gradC * (coupled ? candidate - old : candidate) * slope(input)
      const gradF = coupled ? 0 : gradC * old * slope(forget)
      const gradG = gradC * input * (1 - candidate * candidate)
      let toPast = gradC * forget
      if (peephole !== null) {
        toPast += gradI * peephole.weights[w]!
        if (!coupled) toPast += gradF * peephole.weights[w + units]!
      }
      gradProjected[o + j] = gradI
      panels[d] = gradI
      if (!coupled) {
        gradProjected[o + units + j] = gradF
        panels[d + next] = gradF
      }
      gradProjected[o + G * units + j] = gradG
      gradProjected[o + O * units + j] = gradO
      panels[d + G * next] = gradG
      panels[d + O * next] = gradO
      hidden[s + j] = 0
      cell[s + j] = toPast
    }
  }

  return { gates: O + 1, reserved: C + 1, before: 'cell', forward, backward }
}
