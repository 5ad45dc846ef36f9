// A layer in several places of a model is one layer, also when it is loaded; what can't be told in a saved model is refused when it is saved.

import { cpu } from '@rnn/backend-cpu'
import { sum, type Tensor } from '@rnn/core'
import {
  activation,
  activityRegularization,
  dense,
  embedding,
  fromJSON,
  highway,
  l1,
  loadModel,
  Module,
  residual,
  saveModel,
  sequential,
  timeDistributed,
  type ForwardContext,
  type ModuleConfig,
  type ModuleTypes,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { waves } from './support/host.ts'

const layer = (): Module => dense({ units: 2, inputSize: 2, activation: 'tanh' })

describe('one layer in several places', () => {
  test.each<[string, (shared: Module) => Module, unknown]>([
    ['of two containers', (d) => sequential(residual(d), residual(d)), { '1.layer': '0.layer' }],
    ['within and beside one', (d) => sequential(sequential(d, activation('relu')), d), { '1': '0.0' }],
    ['beside and within one', (d) => sequential(d, timeDistributed(d)), { '1.layer': '0' }],
    [
      'three times',
      (d) => sequential(residual(d), sequential(d, d), d, d),
      {
        '1.0': '0.layer',
        '1.1': '0.layer',
        '2': '0.layer',
        '3': '0.layer',
      },
    ],
    [
      'a whole container, which holds another such layer',
      (d) => {
        const inner = sequential(residual(d), sequential(d))
        return sequential(highway(inner, { inputSize: 2 }), residual(inner))
      },
      { '1.layer': '0.layer' },
    ],
    [
      'deep within',
      (d) => sequential(dense({ units: 2, inputSize: 2 }), sequential(residual(d), residual(d))),
      undefined,
    ],
  ])('%s', async (_, make, shared) => {
    const model = await make(layer()).init(await cpu(), { seed: 1 })
    expect(model.toJSON()['shared']).toEqual(shared)
    const copy = await loadModel(await saveModel(model), await cpu())
    expect(copy.parameters().map(({ path }) => path)).toEqual(model.parameters().map(({ path }) => path))
    expect(copy.toJSON()).toEqual(model.toJSON())
    const x = waves(2, 3, 2)
    expect((await copy.predict(x)).data).toEqual((await model.predict(x)).data)
  })

  test('a layer that another is tied to', async () => {
    const words = embedding({ vocabularySize: 5, units: 2 })
    const tied = dense({ tiedTo: words })
    const step = sequential(tied, dense({ units: 2, inputSize: 5 }))
    const model = await sequential(words, residual(step), residual(step)).init(await cpu(), { seed: 1 })
    const copy = await loadModel(await saveModel(model), await cpu())
    const x = { data: Int32Array.of(1, 4), shape: [1, 2] }
    expect((await copy.predict(x)).data).toEqual((await model.predict(x)).data)
  })

  test('in a module of your own', async () => {
    class Twice extends Module {
      readonly parts: readonly Module[]
      constructor(...parts: readonly Module[]) {
        super()
        this.parts = parts
      }
      override get type(): string {
        return 'twice'
      }
      override forward(x: Tensor, context: ForwardContext): Tensor {
        return this.parts.reduce((each, part) => part.forward(each, context), x)
      }
      override toJSON(): ModuleConfig {
        return { type: 'twice', parts: this.parts.map((part) => part.toJSON()) }
      }
    }
    const types: ModuleTypes = {
      twice: ({ parts }, revive) => new Twice(...(Array.isArray(parts) ? parts.map(revive) : [])),
    }
    const d = layer()
    const model = await sequential(d, new Twice(residual(d), d)).init(await cpu(), { seed: 1 })
    expect(model.toJSON()['shared']).toEqual({ '1.parts.0.layer': '0', '1.parts.1': '0' })
    const copy = await loadModel(await saveModel(model), await cpu(), types)
    expect((await copy.predict(waves(3, 2))).data).toEqual((await model.predict(waves(3, 2))).data)
  })
})

test('paths at which there is no layer are refused', () => {
  const config = sequential(layer(), residual(layer())).toJSON()
  expect(() => fromJSON({ ...config, shared: { '1.layer': '7' } })).toThrow(
    `sequential: it can't let '1.layer' be "7"; a layer that stands in several places is a field of a module in each of them, and named by its paths`,
  )
  expect(() => fromJSON({ ...config, shared: { '1.other': '0' } })).toThrow(/it can't let '1.other' be "0"/)
  expect(() => fromJSON({ ...config, shared: [] })).toThrow(/it can't let \[\]/)
})

describe('is refused when it is saved', () => {
  test('a layer that uses the kernel of a module outside of the model', async () => {
    const words = embedding({ vocabularySize: 5, units: 2 })
    const model = await sequential(layer(), dense({ tiedTo: words })).init(await cpu(), { seed: 1 })
    await expect(saveModel(model)).rejects.toThrow(
      "saveModel: a tied layer uses the kernel of a module of type 'embedding' that is no part of the model; save the model that holds both, or the weights alone (saveWeights)",
    )
  })

  test('activity regularization by a regularizer of your own', () => {
    expect(() => activityRegularization({ name: 'mine', penalty: (x) => sum(x) }).toJSON()).toThrow(
      'activityRegularization: a regularizer of your own has no JSON form; give it a configuration and the layer a type of your own, or use l1, l2 or l1l2',
    )
    expect(activityRegularization(l1(1)).toJSON()['regularizer']).toEqual({ name: 'l1', strength: 1 })
  })
})
