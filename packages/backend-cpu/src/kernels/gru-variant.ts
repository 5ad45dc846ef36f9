// The gates of the GRU with hard-sigmoid gates. Apart from those of the usual one, so that there the engine sees one function of the gates.

import { hardSigmoid, hardSigmoidSlope, tanh } from '../math.ts'
import type { BackwardRow, CellRows, ForwardRow } from './cell-rows.ts'
import { PANEL_ROWS } from './panels.ts'

const forward: ForwardRow = (arrays, units, p, q, b, s, o, r) => {
  const { projected, product, bias, hidden, sequence, reserve } = arrays
  for (let j = 0; j < units; j++) {
    const reset = hardSigmoid(projected[p + j]! + product[q + j]! + bias[b + j]!)
    const update = hardSigmoid(projected[p + units + j]! + product[q + units + j]! + bias[b + units + j]!)
    const recurrent = product[q + 2 * units + j]! + bias[b + 2 * units + j]!
    const candidate = tanh(projected[p + 2 * units + j]! + reset * recurrent)
    const h = Math.fround(candidate + update * (hidden[s + j]! - candidate))
    hidden[s + j] = h
    sequence[o + j] = h
    if (reserve !== null) {
      reserve[r + j] = reset
      reserve[r + units + j] = update
      reserve[r + 2 * units + j] = candidate
      reserve[r + 3 * units + j] = recurrent
    }
  }
}

const backward: BackwardRow = (arrays, units, g, _h, r, before, x, s, o, u, d) => {
  const { gradSequence, reserve, gradProjected, gradProduct, panels, hidden } = arrays
  const next = PANEL_ROWS * units
  for (let j = 0; j < units; j++, d += PANEL_ROWS) {
    const reset = reserve[r + j]!
    const update = reserve[r + units + j]!
    const candidate = reserve[r + 2 * units + j]!
    const recurrent = reserve[r + 3 * units + j]!
    const gradH = gradSequence[g + j]! + hidden[s + j]!
    const gradN = gradH * (1 - update) * (1 - candidate * candidate)
    const gradR = gradN * recurrent * hardSigmoidSlope(reset)
    const gradZ = gradH * (before[x + j]! - candidate) * hardSigmoidSlope(update)
    gradProjected[o + j] = gradR
    gradProjected[o + units + j] = gradZ
    gradProjected[o + 2 * units + j] = gradN
    gradProduct[u + j] = gradR
    gradProduct[u + units + j] = gradZ
    gradProduct[u + 2 * units + j] = gradN * reset
    panels[d] = gradR
    panels[d + next] = gradZ
    panels[d + 2 * next] = gradN * reset
    hidden[s + j] = gradH * update
  }
}

export const hardSigmoidGru: CellRows = { gates: 3, reserved: 4, before: 'hidden', forward, backward }
