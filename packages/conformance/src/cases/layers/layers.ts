// Every layer of @rnn/layers.

import {
  add,
  defineCell,
  glorotUniform,
  linear,
  mul,
  orthogonal,
  sigmoid,
  sub,
  tanh,
  zeroInitializer,
  type Cell,
  type Tensor,
} from '@rnn/core'
import {
  activation,
  bidirectional,
  dense,
  dropout,
  embedding,
  gru,
  lastOverTime,
  lstm,
  maxOverTime,
  meanOverTime,
  minGru,
  minLstm,
  recurrentOptions,
  rnn,
  sequential,
  simpleRnn,
  type ActivationName,
  type Module,
  type ModuleTypes,
  type Recurrent,
  type RecurrentOptions,
} from '@rnn/layers'
import type { ConformanceCase } from '../../case.ts'
import { input, inputOf } from '../../programs.ts'
import { layerCases } from './layer-case.ts'
import { otherLayerCases } from './other-layers.ts'
import { recurrentVariantCases } from './recurrent-variants.ts'

const [BATCH, TIME, FEATURES, UNITS] = [4, 5, 3, 4]
const x = input([BATCH, TIME, FEATURES], 201)
const ids = inputOf([BATCH, TIME], [1, 5, 2, 0, 0, 3, 3, 1, 4, 6, 2, 0, 0, 0, 0, 6, 5, 4, 3, 2], 'int32')
const lengths = inputOf([BATCH], [3, 5, 1, 0], 'int32')
const PATH = 2 * TIME * (FEATURES + UNITS + 10)

/** A minimal gated unit, as a user would write it. */
const gatedCell = defineCell<'kernel' | 'recurrent' | 'gate', readonly [h: Tensor]>({
  kind: 'conformanceGatedCell',
  gates: 1,
  stateSizes: (units) => [units],
  parameters: (inputSize, units) => ({
    kernel: { shape: [inputSize, units], initializer: glorotUniform },
    recurrent: { shape: [units, units], initializer: orthogonal },
    gate: { shape: [units], initializer: zeroInitializer },
  }),
  project: (x, { kernel }) => linear(x, kernel),
  step(projected, [h], { recurrent, gate }, fed) {
    const open = sigmoid(add(projected, gate))
    return [add(mul(open, tanh(add(projected, linear(fed, recurrent)))), mul(sub(1, open), h))]
  },
})

type MakeRecurrent = (options: RecurrentOptions) => Recurrent

const RECURRENT: readonly (readonly [name: string, make: MakeRecurrent])[] = [
  ['simpleRnn', simpleRnn],
  ['simpleRnn-relu', (options) => simpleRnn({ ...options, activation: 'relu' })],
  ['lstm', lstm],
  ['gru', gru],
  ['rnn', (options) => rnn(gatedCell as unknown as Cell, options)],
]

const types: ModuleTypes = {
  [gatedCell.kind]: (config) => rnn(gatedCell as unknown as Cell, recurrentOptions(config)),
}

const base = { units: UNITS, inputSize: FEATURES }

const recurrentCases = RECURRENT.flatMap(([name, make]) => [
  ...layerCases(`layers/${name}/sequence`, `${name}: the whole sequence`, {
    make: () => make(base),
    x,
    types,
    roundings: PATH,
    composite: true,
  }),
  ...layerCases(`layers/${name}/last-ragged`, `${name}: the last output of ragged rows`, {
    make: () => make({ ...base, returns: 'last' }),
    x,
    lengths,
    types,
    roundings: PATH,
    composite: true,
  }),
  ...layerCases(`layers/${name}/backward-ragged`, `${name}: from the last step to the first`, {
    make: () => make({ ...base, direction: 'backward' }),
    x,
    lengths,
    types,
    roundings: PATH,
  }),
  ...layerCases(
    `layers/${name}/stacked-dropout`,
    `${name}: two layers, dropout between them and on the hidden state, in training`,
    {
      make: () => make({ ...base, layers: 2, dropout: 0.5, recurrentDropout: 0.25 }),
      x,
      lengths,
      training: true,
      types,
      roundings: 2 * PATH,
    },
  ),
  ...(['concat', 'sum', 'mean', 'product'] as const).flatMap((merge) =>
    layerCases(`layers/bidirectional/${name}-${merge}`, `bidirectional ${name}, merged by ${merge}`, {
      make: () => bidirectional(make({ ...base, returns: merge === 'sum' ? 'last' : 'sequence' }), { merge }),
      x,
      lengths,
      types,
      roundings: PATH,
    }),
  ),
])

const LINEAR: readonly (readonly [name: string, make: MakeRecurrent])[] = [
  ['minGru', minGru],
  ['minLstm', minLstm],
]

/** Layers whose recurrence is linear: all time steps at once, and no recurrent product to drop in. */
const linearCases = LINEAR.flatMap(([name, make]) => [
  ...layerCases(`layers/${name}/last-ragged`, `${name}: the last output of ragged rows`, {
    make: () => make({ ...base, returns: 'last' }),
    x,
    lengths,
    roundings: PATH,
    composite: true,
  }),
  ...layerCases(`layers/${name}/stacked-dropout`, `${name}: two layers, dropout between them, in training`, {
    make: () => make({ ...base, layers: 2, dropout: 0.5 }),
    x,
    lengths,
    training: true,
    roundings: 2 * PATH,
  }),
  ...layerCases(`layers/bidirectional/${name}`, `bidirectional ${name}`, {
    make: () => bidirectional(make(base)),
    x,
    lengths,
    roundings: PATH,
  }),
])

const ACTIVATIONS: readonly ActivationName[] = [
  'linear',
  'tanh',
  'sigmoid',
  'relu',
  'gelu',
  'softplus',
  'softmax',
  'logSoftmax',
]
const POOLING: readonly (readonly [name: string, make: () => Module])[] = [
  ['maxOverTime', maxOverTime],
  ['meanOverTime', meanOverTime],
  ['lastOverTime', lastOverTime],
]

export const layerLevel: readonly ConformanceCase[] = [
  ...layerCases('layers/embedding/plain', 'vectors by id', {
    make: () => embedding({ vocabularySize: 7, units: UNITS }),
    x: ids,
    roundings: 8,
    keepInitial: true,
  }),
  ...layerCases('layers/embedding/padding', 'the padding id has a vector of zeros and no gradient', {
    make: () => embedding({ vocabularySize: 7, units: UNITS, paddingIndex: 0 }),
    x: ids,
    roundings: 8,
    keepInitial: true,
  }),
  ...layerCases('layers/embedding/frozen', 'frozen vectors have no gradient', {
    make: () => embedding({ vocabularySize: 7, units: UNITS, trainable: false }),
    x: ids,
    roundings: 8,
    keepInitial: true,
  }),
  ...layerCases('layers/dense/plain', 'x·W + b', {
    make: () => dense({ units: UNITS, inputSize: FEATURES }),
    x,
    roundings: 32,
  }),
  ...layerCases('layers/dense/tanh', 'tanh(x·W + b)', {
    make: () => dense({ units: UNITS, inputSize: FEATURES, activation: 'tanh' }),
    x,
    roundings: 32,
  }),
  ...layerCases('layers/dense/no-bias', 'x·W', {
    make: () => dense({ units: UNITS, inputSize: FEATURES, useBias: false }),
    x: input([5, FEATURES], 202),
    roundings: 32,
  }),
  ...ACTIVATIONS.flatMap((name) =>
    layerCases(`layers/activation/${name}`, `the activation ${name}`, {
      make: () => activation(name),
      x,
      roundings: 16,
    }),
  ),
  ...layerCases('layers/dropout/training', 'dropout: the same mask everywhere', {
    make: () => dropout(0.5),
    x,
    training: true,
    roundings: 2,
  }),
  ...layerCases('layers/dropout/inference', 'dropout does nothing outside training', {
    make: () => dropout(0.5),
    x,
    roundings: 1,
  }),
  ...POOLING.flatMap(([name, make]) => [
    ...layerCases(`layers/${name}/full`, `${name} of full rows`, { make, x, roundings: TIME }),
    ...layerCases(`layers/${name}/ragged`, `${name} of ragged rows, one of them empty`, {
      make,
      x,
      lengths,
      roundings: TIME,
    }),
  ]),
  ...recurrentCases,
  ...recurrentVariantCases,
  ...linearCases,
  ...otherLayerCases,
  ...layerCases('layers/sequential/classifier', 'embedding, bidirectional LSTM, max over time, dropout, dense', {
    make: () =>
      sequential(
        embedding({ vocabularySize: 7, units: 5, paddingIndex: 0 }),
        bidirectional(lstm({ units: UNITS })),
        maxOverTime(),
        dropout(0.5),
        dense({ units: 3 }),
      ),
    x: ids,
    lengths,
    training: true,
    roundings: 2 * PATH,
    keepInitial: true,
    composite: true,
  }),
]
