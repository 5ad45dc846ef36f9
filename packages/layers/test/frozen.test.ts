// What is frozen stays so when a model is saved and loaded.

import { cpu } from '@rnn/backend-cpu'
import { constant, type Tensor } from '@rnn/core'
import {
  dense,
  embedding,
  gru,
  loadModel,
  Module,
  saveModel,
  sequential,
  Variable,
  type ModuleConfig,
} from '@rnn/layers'
import { expect, test } from 'vitest'

const make = (trainable?: boolean): Module => {
  const words = embedding({ vocabularySize: 5, units: 2, ...(trainable !== undefined && { trainable }) })
  return sequential(words, gru({ units: 2, returns: 'last' }), dense({ tiedTo: words }))
}
const flags = (model: Module): unknown => model.parameters().map(({ path, variable }) => [path, variable.trainable])

test.each<[string, boolean | undefined, readonly string[]]>([
  ['nothing', undefined, []],
  ['a layer', undefined, ['1.kernel', '1.recurrent', '1.bias', '1.recurrentBias']],
  ['an embedding, by hand', true, ['0.kernel']],
  ['an embedding, by its option', false, ['0.kernel']],
  ['an embedding by its option, until it was trained after all', false, ['2.bias']],
])('%s', async (_, option, frozen) => {
  const model = await make(option).init(await cpu(), { seed: 1 })
  for (const { path, variable } of model.parameters()) variable.trainable = !frozen.includes(path)
  const files = await saveModel(model)
  const copy = await loadModel(files, await cpu())
  expect(flags(copy)).toEqual(flags(model))
  expect(copy.trainableParameterCount).toBe(model.trainableParameterCount)
  expect(copy.toJSON()).toEqual(model.toJSON())
  // Files of before the list was written.
  const { frozen: listed, ...before } = JSON.parse(files['config.json']) as { readonly frozen: unknown }
  expect(listed).toEqual(frozen)
  const old = await loadModel({ ...files, 'config.json': JSON.stringify(before) }, await cpu())
  expect(flags(old)).toEqual(
    model.parameters().map(({ path }) => [path, path !== '0.kernel' || !frozen.includes('0.kernel')]),
  )
})

test('in a module of your own, which freezes its parameters when it is made', async () => {
  class Scale extends Module {
    readonly scale = new Variable('scale', { shape: [1], initializer: constant(2) }, { trainable: false })
    readonly shift = new Variable('shift', { shape: [1], initializer: constant(1) })
    override forward(x: Tensor): Tensor {
      return x
    }
    override toJSON(): ModuleConfig {
      return { type: 'Scale' }
    }
  }
  const model = await new Scale().init(await cpu(), { seed: 1 })
  model.scale.trainable = true
  model.shift.trainable = false
  const copy = await loadModel<Scale>(await saveModel(model), await cpu(), { Scale: () => new Scale() })
  expect([copy.scale.trainable, copy.shift.trainable]).toEqual([true, false])
})

test.each([
  ['frozen: "all"', 'all'],
  ['frozen: a path that there is not', ['0.kernel', 'all']],
])('%s is refused', async (_, frozen) => {
  const files = await saveModel(await make().init(await cpu(), { seed: 1 }))
  const config = JSON.stringify({ ...(JSON.parse(files['config.json']) as object), frozen })
  await expect(loadModel({ ...files, 'config.json': config }, await cpu())).rejects.toThrow(
    'loadModel: config.json says that "all" is frozen, which is no parameter of the model; save it again',
  )
})
