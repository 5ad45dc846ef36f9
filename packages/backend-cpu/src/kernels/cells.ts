// The cells that run as a whole sequence, by name, and by their options.

import type { RecurrentGate, RecurrentKind, RecurrentVariantKind } from '@rnn/core'
import { hardSigmoid, hardSigmoidSlope, sigmoid, sigmoidSlope } from '../math.ts'
import type { CellRows } from './cell-rows.ts'
import { hardSigmoidGru } from './gru-variant.ts'
import { gru } from './gru.ts'
import { lstmWith } from './lstm-variant.ts'
import { lstm } from './lstm.ts'
import { simpleRelu, simpleTanh } from './simple.ts'

export const CELLS: { readonly [Kind in RecurrentKind]: CellRows } = { simpleTanh, simpleRelu, lstm, gru }

/** Cells with options whose step is one product and the gates after it. */
type OneProduct = Exclude<RecurrentVariantKind, 'gruResetBefore'>

const VARIANTS: { readonly [Gate in RecurrentGate]: { readonly [Kind in OneProduct]: CellRows } } = {
  sigmoid: {
    lstm: /* @__PURE__ */ lstmWith(sigmoid, sigmoidSlope, false),
    coupledLstm: /* @__PURE__ */ lstmWith(sigmoid, sigmoidSlope, true),
    gru,
  },
  hardSigmoid: {
    lstm: /* @__PURE__ */ lstmWith(hardSigmoid, hardSigmoidSlope, false),
    coupledLstm: /* @__PURE__ */ lstmWith(hardSigmoid, hardSigmoidSlope, true),
    gru: hardSigmoidGru,
  },
}

/** The cell with these options. */
export function variantRows(cell: OneProduct, gate: RecurrentGate): CellRows {
  return VARIANTS[gate][cell]
}
