// Gradients of cells with options, of peepholes and of weights behind a reset gate too: against the reference and its finite differences, fused and as composites.

import { gruVariant, lstmVariant, scan, type Cell, type Tensor } from '@rnn/core'
import type { ConformanceCase } from '../../case.ts'
import { gradientCases } from '../../gradients.ts'
import { input, inputOf, type Inputs } from '../../programs.ts'

const [BATCH, TIME, INPUTS, UNITS] = [3, 4, 2, 3]
const PATH = 2 * TIME * (INPUTS + UNITS + 16)

// Variants are made anew in each case: a table of the kit keeps no cells of core.
const VARIANTS: readonly (readonly [name: string, make: () => Cell])[] = [
  ['lstm-hard-sigmoid', () => lstmVariant({ recurrentActivation: 'hardSigmoid' }) as unknown as Cell],
  ['gru-hard-sigmoid', () => gruVariant({ recurrentActivation: 'hardSigmoid' }) as unknown as Cell],
  ['gru-reset-before', () => gruVariant({ resetAfter: false }) as unknown as Cell],
  [
    'gru-reset-before-hard-sigmoid',
    () => gruVariant({ resetAfter: false, recurrentActivation: 'hardSigmoid' }) as unknown as Cell,
  ],
  ['lstm-peepholes', () => lstmVariant({ peepholes: true }) as unknown as Cell],
  [
    'lstm-peepholes-hard-sigmoid',
    () => lstmVariant({ peepholes: true, recurrentActivation: 'hardSigmoid' }) as unknown as Cell,
  ],
  ['lstm-coupled', () => lstmVariant({ coupledGates: true }) as unknown as Cell],
  ['lstm-coupled-peepholes', () => lstmVariant({ coupledGates: true, peepholes: true }) as unknown as Cell],
]

function parametersOf(cell: Cell, seed: number): Inputs {
  const specs = Object.entries(cell.parameters(INPUTS, UNITS))
  return Object.fromEntries(specs.map(([name, { shape }], i) => [name, input(shape, seed + i)]))
}

const statesOf = (cell: Cell): Inputs =>
  Object.fromEntries(cell.stateSizes(UNITS).map((width, i) => [`state${i}`, input([BATCH, width], 301 + i, 1)]))

const lengths = inputOf([BATCH], [2, 4, 0], 'int32')
const hiddenMask = inputOf([BATCH, UNITS], [2, 0, 2, 0, 2, 2, 2, 2, 0])

/** The states among the tensors of a program, and the cell's parameters. */
function split(all: Readonly<Record<string, Tensor>>): [parameters: Record<string, Tensor>, initial: Tensor[]] {
  const entries = Object.entries(all)
  const isState = (name: string): boolean => /^state\d$/.test(name)
  return [
    Object.fromEntries(entries.filter(([name]) => !isState(name))),
    entries.flatMap(([name, each]) => (isState(name) ? [each] : [])),
  ]
}

/** The walks on which the gradient of peepholes goes differently. */
const WALKS: readonly {
  readonly name: string
  readonly title: string
  readonly reverse: boolean
  readonly timeMajor: boolean
  readonly initial: boolean
  readonly ragged: boolean
}[] = [
  { name: 'plain', title: 'from zeros', reverse: false, timeMajor: false, initial: false, ragged: false },
  { name: 'ragged', title: 'ragged rows', reverse: false, timeMajor: false, initial: true, ragged: true },
  {
    name: 'ragged-reverse',
    title: 'ragged rows, reversed, with mask and initial state',
    reverse: true,
    timeMajor: false,
    initial: true,
    ragged: true,
  },
  {
    name: 'ragged-reverse-zeros',
    title: 'ragged rows, reversed, from zeros',
    reverse: true,
    timeMajor: false,
    initial: false,
    ragged: true,
  },
  {
    name: 'time-major-reverse',
    title: 'time-major, reversed, ragged, with an initial state',
    reverse: true,
    timeMajor: true,
    initial: true,
    ragged: true,
  },
]

/** Every variant on every walk. */
export const recurrentVariantGradients: readonly ConformanceCase[] = VARIANTS.flatMap(([variant, make]) =>
  WALKS.flatMap(({ name, title, reverse, timeMajor, initial, ragged }) => {
    const cell = make()
    const x = input(timeMajor ? [TIME, BATCH, INPUTS] : [BATCH, TIME, INPUTS], 311)
    return gradientCases(`gradients/${variant}/${name}`, `${variant}: ${title}`, {
      parameters: { x, ...parametersOf(cell, 312), ...(initial && statesOf(cell)) } as Inputs,
      constants: { ...(ragged && { lengths }), ...(name === 'ragged-reverse' && { hiddenMask }) } as Inputs,
      composite: name === 'ragged-reverse',
      roundings: PATH,
      run: ({ x: sequence, ...rest }, constants) => {
        const [parameters, states] = split(rest)
        const { sequence: hidden, final } = scan(cell, sequence!, parameters, {
          units: UNITS,
          reverse,
          timeMajor,
          ...(states.length > 0 && { initial: states }),
          lengths: constants['lengths'],
          hiddenMask: constants['hiddenMask'],
        })
        return [hidden, ...final]
      },
    })
  }),
)
