// One kernel for two modules: trained by both, saved once, loaded once.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { constant, scope, sum, type Tensor } from '@rnn/core'
import {
  activation,
  dense,
  embedding,
  fromJSON,
  gru,
  INFERENCE,
  loadModel,
  loadWeights,
  Module,
  readSafetensors,
  residual,
  saveModel,
  saveWeights,
  sequential,
  upload,
  type ForwardContext,
  type Sequential,
} from '@rnn/layers'
import { expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

function languageModel(): Sequential {
  const words = embedding({ vocabularySize: 7, units: 4 })
  return sequential(words, gru({ units: 4 }), dense({ tiedTo: words, biasInitializer: constant(0.5) }))
}
const WORDS = ids([2, 3], 1, 2, 3, 4, 5, 6)
const PATHS = ['0.kernel', '1.kernel', '1.recurrent', '1.bias', '1.recurrentBias', '2.bias']

testLayer('a language model with tied words', {
  make: languageModel,
  input: WORDS,
  outputShape: [2, 3, 7],
  parameters: {
    '0.kernel': [7, 4],
    '1.kernel': [4, 12],
    '1.recurrent': [4, 12],
    '1.bias': [12],
    '1.recurrentBias': [12],
    '2.bias': [7],
  },
})

test('the kernel is one value: saved once, loaded once, trained by both', async () => {
  const backend = await cpu()
  const model = await languageModel().init(backend, { seed: 1 })
  expect(model.parameters().map(({ path }) => path)).toEqual(PATHS)
  expect([...readSafetensors(await saveWeights(model)).tensors.keys()]).toEqual(PATHS)
  expect(backend.stats().liveBuffers).toBe(PATHS.length)
  const copy = await loadModel(await saveModel(model), await cpu())
  expect((await copy.predict(WORDS)).data).toEqual((await model.predict(WORDS)).data)
  const [kernel] = copy.variables()
  kernel?.variable.assign(new Float32Array(28))
  expect((await copy.predict(WORDS)).data).toEqual(new Float32Array(42).fill(0.5))

  // Every row of the kernel gets a gradient from the scores, also those that no word reads.
  scope(backend, () => {
    const { inputs } = upload({ inputs: WORDS }, backend)
    const table = model.variables()[0]?.variable.value as Tensor
    const { gradients } = valueAndGrad<Tensor>(() => sum(model.forward(inputs, INFERENCE)))(table)
    const values = gradients.dataSync()
    expect(values.subarray(0, 4).some((value) => value !== 0)).toBe(true)
    expect(values.subarray(4, 8)).not.toEqual(values.subarray(0, 4))
  })
})

test('a tied autoencoder: two dense layers, nested in containers, in JSON as well', async () => {
  const encode = dense({ units: 2, inputSize: 3 })
  const model = sequential(
    sequential(encode, activation('tanh')),
    residual(dense({ units: 2 })),
    sequential(dense({ tiedTo: encode, useBias: false, activation: 'sigmoid' })),
  )
  const copy = fromJSON(JSON.parse(JSON.stringify(model)))
  expect(copy.toJSON()).toEqual(model.toJSON())
  expect(model.toJSON()['ties']).toEqual({ '2.0': '0.0' })
  await model.init(await cpu(), { seed: 1 })
  await copy.init(await cpu(), { seed: 2 })
  await loadWeights(copy, await saveWeights(model))
  const { data, shape } = await model.predict(waves(4, 3))
  expect(shape).toEqual([4, 3])
  expect((await copy.predict(waves(4, 3))).data).toEqual(data)
  // Inner containers don't know of ties that reach outside of them.
  expect(sequential(model.layers[2] as Module).toJSON()['ties']).toBeUndefined()
  const whole = sequential(dense({ units: 3, inputSize: 3 }), model)
  expect(whole.toJSON()['ties']).toBeUndefined()
  expect(fromJSON(whole.toJSON()).toJSON()).toEqual(whole.toJSON())
})

test('a layer that stands in a sequential twice is one layer, also when it is loaded', async () => {
  const middle = dense({ units: 3, activation: 'tanh' })
  const model = await sequential(dense({ units: 3, inputSize: 2 }), middle, activation('relu'), middle).init(
    await cpu(),
    { seed: 1 },
  )
  expect(model.toJSON()['layers']).toMatchObject([{}, {}, {}, { type: 'shared', with: 1 }])
  expect(model.parameters().map(({ path }) => path)).toEqual(['0.kernel', '0.bias', '1.kernel', '1.bias'])
  const copy = await loadModel<Sequential>(await saveModel(model), await cpu())
  expect(copy.layers[3]).toBe(copy.layers[1])
  expect((await copy.predict(waves(4, 2))).data).toEqual((await model.predict(waves(4, 2))).data)
  expect(() => fromJSON({ type: 'sequential', layers: [{ type: 'shared', with: 0 }] })).toThrow(
    /there is no layer 0 to be used again/,
  )
})

test('modules of your own tie their fields, in either order; an owner outside the model is part of it by its use', async () => {
  class Scores extends Module {
    readonly words = embedding({ vocabularySize: 5, units: 3 })
    readonly score = dense({ tiedTo: this.words })
    override forward(x: Tensor, context: ForwardContext): Tensor {
      return this.score.forward(this.words.forward(x, context), context)
    }
  }
  const scores = await new Scores().init(await cpu(), { seed: 1 })
  expect(scores.parameters().map(({ path }) => path)).toEqual(['words.kernel', 'score.bias'])
  expect((await scores.predict(ids([2], 0, 4))).shape).toEqual([2, 5])
  const later = dense({ units: 2, inputSize: 3 })
  const first = await sequential(dense({ tiedTo: later }), later).init(await cpu(), { seed: 1 })
  expect(first.parameters().map(({ path }) => path)).toEqual(['0.kernel', '0.bias', '1.bias'])
  expect((await first.predict(waves(1, 2))).shape).toEqual([1, 2])
  const alone = await dense({ tiedTo: embedding({ vocabularySize: 5, units: 3 }) }).init(await cpu(), { seed: 1 })
  expect(alone.parameterCount).toBe(15 + 5)
  expect((await alone.predict(waves(3))).shape).toEqual([5])
})

test('what can’t be tied is refused', async () => {
  const words = embedding({ vocabularySize: 7, units: 4 })
  expect(() => sequential(words, gru({ units: 3 }), dense({ tiedTo: words })).build(undefined)).toThrow(
    'tiedDense: the kernel has vectors of 4, the layer before gives 3 features; let it give as many, with a dense layer between for instance',
  )
  const config = { type: 'sequential', layers: [words.toJSON(), { type: 'tiedDense' }] }
  const untied = await (fromJSON(config) as Sequential)
    .init(await cpu(), { seed: 1 })
    .catch((error: unknown) => String(error))
  expect(untied).toMatch(/the input size of '1' \(tiedDense\) is not known/)
  expect(() => fromJSON({ ...config, ties: { '1': '2' } })).toThrow(
    /sequential: it can't tie '1' to "2"; ties are the paths/,
  )
  expect(() => fromJSON({ ...config, ties: [] })).toThrow(/can't tie \[\]/)
  expect(() =>
    fromJSON({
      type: 'sequential',
      layers: [{ type: 'dropout', rate: 0.5 }, { type: 'tiedDense' }],
      ties: { '1': '0' },
    }),
  ).toThrow(/the dropout module has no kernel; tie it to an embedding or a dense layer/)
  expect(() => dense({ tiedTo: words }).tieTo(words)).toThrow(/it is tied already/)
})
