// Options of recurrent layers' cells: those that change nothing, how they are saved, and those that are refused.

import {
  add,
  defineCell,
  glorotUniform,
  gruVariant,
  jordanCell,
  lstmVariant,
  matmul,
  mul,
  simpleVariant,
  type Cell,
  type Tensor,
} from '@rnn/core'
import { fromJSON, gru, indRnn, jordan, lstm, recurrentOptions, rnn, simpleRnn, type ModuleTypes } from '@rnn/layers'
import { expect, test } from 'vitest'

test('options that say what is so anyway leave the cell as it is, and its fused ops with it', () => {
  expect(lstm({ units: 2, peepholes: false, coupledGates: false, layerNorm: false }).cell).toBe(lstm({ units: 2 }).cell)
  expect(lstm({ units: 2, activation: 'tanh', recurrentActivation: 'sigmoid' }).toJSON()).toEqual({
    type: 'lstm',
    units: 2,
  })
  expect(gru({ units: 2, resetAfter: true }).cell).toBe(gru({ units: 2 }).cell)
  expect(simpleRnn({ units: 2, activation: 'relu' }).cell).toBe(simpleVariant({ activation: 'relu' }))
})

test('a cell with options is saved by its layer, however that was made', () => {
  const layer = rnn(lstmVariant({ peepholes: true, projection: 2 }), { units: 4 })
  expect(layer.toJSON()).toEqual({ type: 'lstm', units: 4, peepholes: true, projection: 2 })
  expect(rnn(gruVariant({ resetAfter: false }), { units: 4 }).toJSON()).toEqual({
    type: 'gru',
    units: 4,
    resetAfter: false,
  })
  expect(rnn(jordanCell({ outputs: 2 }), { units: 4 }).toJSON()).toEqual({ type: 'jordan', units: 4, outputs: 2 })
  expect(fromJSON(layer.toJSON()).toJSON()).toEqual(layer.toJSON())
})

test("a cell of the user's own comes back with its options", () => {
  const leaky = (rate: number): Cell<'kernel', readonly [level: Tensor]> =>
    defineCell<'kernel', readonly [level: Tensor]>({
      kind: 'leaky',
      options: { rate },
      gates: 1,
      stateSizes: (units) => [units],
      parameters: (inputSize, units) => ({ kernel: { shape: [inputSize, units], initializer: glorotUniform } }),
      step: (x, [level], { kernel }) => [add(mul(level, rate), matmul(x, kernel))],
    })
  const layer = rnn(leaky(0.5), { units: 3, layers: 2 })
  expect(layer.toJSON()).toEqual({ type: 'leaky', units: 3, rate: 0.5, layers: 2 })
  const types: ModuleTypes = { leaky: ({ rate, ...config }) => rnn(leaky(Number(rate)), recurrentOptions(config)) }
  expect(fromJSON(layer.toJSON(), types).toJSON()).toEqual(layer.toJSON())
})

test.each<[title: string, make: () => unknown, code: string, message: string]>([
  [
    'a normalised cell with peepholes',
    () => lstm({ units: 4, layerNorm: true, peepholes: true }),
    'E_CONFIGURATION',
    'lstm: layerNorm and peepholes exclude each other; choose one: a normalised cell has no published form with peepholes',
  ],
  [
    'a normalised cell that is clipped',
    () => lstm({ units: 4, layerNorm: true, clip: 3 }),
    'E_CONFIGURATION',
    'lstm: layerNorm and clip exclude each other; leave out clip: normalised products are bounded already',
  ],
  [
    'a projection that makes nothing smaller',
    () => lstm({ units: 4, projection: 4 }),
    'E_CONFIGURATION',
    'lstm: projection is 4, with 4 units; a projection makes the hidden state smaller than the cell: give less than units, or leave it out',
  ],
  [
    'a projection to nothing',
    () => lstm({ units: 4, projection: 0 }),
    'E_VALUE',
    'lstm: projection is 0; give a whole number of at least 1, below units',
  ],
  [
    'a limit that is none',
    () => gru({ units: 4, clip: 0 }),
    'E_VALUE',
    'gru: clip is 0; give a number above 0, or leave it out',
  ],
  [
    'an activation that cells do not have',
    () => lstm({ units: 4, recurrentActivation: 'softmax' as 'sigmoid' }),
    'E_VALUE',
    "lstm: recurrentActivation is 'softmax'; use one of tanh, sigmoid, hardSigmoid, relu, softplus, linear",
  ],
  [
    'an independent network with another activation',
    () => indRnn({ units: 4, activation: 'sigmoid' as 'tanh' }),
    'E_VALUE',
    "indRnn: activation is 'sigmoid'; use 'relu' or 'tanh'",
  ],
  [
    'outputs that are no number of units',
    () => jordan({ units: 4, outputs: 1.5 }),
    'E_VALUE',
    'jordan: outputs is 1.5; give a whole number of at least 1',
  ],
  [
    'units that are none',
    () => lstm({ units: 0, projection: 2 }),
    'E_VALUE',
    'lstm: units is 0; give a whole number of at least 1',
  ],
  [
    'an option of another cell',
    () => fromJSON({ type: 'gru', units: 4, peepholes: true }),
    'E_CONFIGURATION',
    "gru: unknown option 'peepholes'",
  ],
  [
    'an option of another type',
    () => fromJSON({ type: 'lstm', units: 4, peepholes: 1 }),
    'E_CONFIGURATION',
    'lstm: peepholes is 1, expected a boolean',
  ],
])('%s is refused', (_, make, code, message) => {
  expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) as string }))
})
