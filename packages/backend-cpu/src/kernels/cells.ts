// The cells that run as a whole sequence, by name.

import type { RecurrentKind } from '@rnn/core'
import type { CellRows } from './cell-rows.ts'
import { gru } from './gru.ts'
import { lstm } from './lstm.ts'
import { simpleRelu, simpleTanh } from './simple.ts'

export const CELLS: { readonly [Kind in RecurrentKind]: CellRows } = { simpleTanh, simpleRelu, lstm, gru }
