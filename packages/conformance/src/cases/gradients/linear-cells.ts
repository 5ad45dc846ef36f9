// Gradients of cells that are linear in their state, through the scan that computes all time steps at once.

import {
  defineLinearCell,
  linear,
  minGruCell,
  minLstmCell,
  scan,
  sigmoid,
  split,
  type Cell,
  type Tensor,
} from '@rnn/core'
import type { ConformanceCase } from '../../case.ts'
import { gradientCases } from '../../gradients.ts'
import { input, inputOf } from '../../programs.ts'

const [BATCH, TIME, INPUTS, UNITS] = [3, 4, 2, 3]
const ROUNDINGS = 2 * TIME * (INPUTS + UNITS + 10)
const lengths = inputOf([BATCH], [2, 4, 0], 'int32')
const zoneout = inputOf(
  [BATCH, TIME, UNITS],
  Array.from({ length: BATCH * TIME * UNITS }, (_, i) => ((i * 5) % 7 < 2 ? 1 : 0)),
  'bool',
)

/** A linear cell of a user's own. */
const leakyCell = defineLinearCell<'kernel' | 'bias'>({
  kind: 'conformanceLeakyCell',
  gates: 2,
  parameters: minGruCell.parameters,
  project: (x, { kernel, bias }) => linear(x, kernel, bias),
  recurrence(projected) {
    const [forget, term] = split(projected, 2)
    return { factor: sigmoid(forget), term }
  },
})

const CELLS = { minGru: minGruCell, minLstm: minLstmCell, 'linear-cell': leakyCell } as unknown as Readonly<
  Record<string, Cell>
>

/** Scans of cells whose recurrence is linear. */
export const linearCellGradients: readonly ConformanceCase[] = Object.entries(CELLS).flatMap(([name, cell]) => {
  const parameters = {
    x: input([BATCH, TIME, INPUTS], 151),
    kernel: input([INPUTS, cell.gates * UNITS], 152),
    bias: input([cell.gates * UNITS], 153),
    hidden: input([BATCH, UNITS], 154, 1),
  }
  const run =
    (options: { reverse?: boolean; timeMajor?: boolean }, expected?: number) =>
    (
      { x, hidden, ...weights }: Readonly<Record<keyof typeof parameters, Tensor>>,
      constants: { lengths?: Tensor; zoneout?: Tensor },
    ): readonly Tensor[] => {
      const { sequence, final } = scan(cell, x, weights, {
        units: UNITS,
        initial: [hidden],
        lengths: constants.lengths,
        zoneout:
          constants.zoneout === undefined && expected === undefined ? undefined : [constants.zoneout ?? expected],
        ...options,
      })
      return [sequence, ...final]
    }
  return [
    ...gradientCases(`gradients/${name}/ragged`, `a ragged ${name} sequence with an initial state`, {
      parameters,
      constants: { lengths },
      composite: true,
      roundings: ROUNDINGS,
      run: run({}),
    }),
    ...gradientCases(`gradients/${name}/ragged-reverse-zoneout`, `a ragged, reversed ${name} sequence with zoneout`, {
      parameters,
      constants: { lengths, zoneout },
      composite: true,
      roundings: ROUNDINGS,
      run: run({ reverse: true }),
    }),
    ...gradientCases(`gradients/${name}/time-major`, `a time-major ${name} sequence with expected zoneout`, {
      parameters: { ...parameters, x: input([TIME, BATCH, INPUTS], 151) },
      roundings: ROUNDINGS,
      run: run({ timeMajor: true }, 0.25),
    }),
  ]
})
