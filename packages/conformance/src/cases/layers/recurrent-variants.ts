// LSTM and GRU with options, fused where the backend has them, and the recurrent layers that have no fused op: independent and Jordan networks.

import { bidirectional, gru, indRnn, jordan, lstm, simpleRnn, type Recurrent, type RecurrentOptions } from '@rnn/layers'
import type { ConformanceCase } from '../../case.ts'
import { input, inputOf } from '../../programs.ts'
import { layerCases } from './layer-case.ts'

const [BATCH, TIME, FEATURES, UNITS] = [3, 4, 2, 6]
const x = input([BATCH, TIME, FEATURES], 211)
const lengths = inputOf([BATCH], [2, 4, 0], 'int32')
const PATH = 2 * TIME * (FEATURES + UNITS + 16)

/** How many times larger than its deviation the largest element of a normalised row gets here: rounding errors of the row grow by as much, like those of that many times more terms, squared. */
const SPREAD = 4

type MakeRecurrent = (options: RecurrentOptions) => Recurrent

const VARIANTS: readonly (readonly [name: string, make: MakeRecurrent, roundings?: number])[] = [
  ['lstm-peepholes', (options) => lstm({ ...options, peepholes: true })],
  ['lstm-coupled', (options) => lstm({ ...options, coupledGates: true })],
  ['lstm-projection', (options) => lstm({ ...options, projection: 2 })],
  [
    'lstm-peepholes-coupled-hard-sigmoid',
    (options) => lstm({ ...options, peepholes: true, coupledGates: true, recurrentActivation: 'hardSigmoid' }),
  ],
  ['lstm-hard-sigmoid', (options) => lstm({ ...options, recurrentActivation: 'hardSigmoid' })],
  ['lstm-layer-norm', (options) => lstm({ ...options, layerNorm: true }), SPREAD ** 2 * PATH],
  [
    'lstm-peepholes-coupled-clipped-softplus',
    (options) => lstm({ ...options, peepholes: true, coupledGates: true, clip: 1, activation: 'softplus' }),
  ],
  ['gru-reset-before', (options) => gru({ ...options, resetAfter: false })],
  ['gru-hard-sigmoid', (options) => gru({ ...options, recurrentActivation: 'hardSigmoid' })],
  ['gru-clipped', (options) => gru({ ...options, clip: 1 })],
  ['simpleRnn-sigmoid', (options) => simpleRnn({ ...options, activation: 'sigmoid' })],
  ['indRnn-relu', indRnn],
  ['indRnn-tanh', (options) => indRnn({ ...options, activation: 'tanh' })],
  ['jordan', (options) => jordan({ ...options, outputs: 4 })],
]

const base = { units: UNITS, inputSize: FEATURES }

export const recurrentVariantCases: readonly ConformanceCase[] = VARIANTS.flatMap(([name, make, roundings = PATH]) => [
  ...layerCases(`layers/${name}/both-ragged`, `${name}: ragged rows in both directions`, {
    make: () => bidirectional(make(base)),
    x,
    lengths,
    roundings,
  }),
  ...layerCases(`layers/${name}/stacked-dropout`, `${name}: two layers, dropout between and within them, in training`, {
    make: () => make({ ...base, layers: 2, dropout: 0.5, recurrentDropout: 0.25, returns: 'last' }),
    x,
    training: true,
    roundings: 2 * roundings,
  }),
])
