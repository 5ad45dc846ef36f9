// Convolutional layers: what every layer does, PyTorch's numbers, states, lengths, streams, and what they refuse.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { concat, hasCode, key, mul, readTensors, scope, slice, sum, tensor, type Backend, type Tensor } from '@rnn/core'
import {
  conv1d,
  conv2d,
  convLstm1d,
  convLstm2d,
  fromJSON,
  importPytorch,
  INFERENCE,
  maxNorm,
  maxOverTime,
  sequential,
  type ConvLstm,
  type Module,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { expectClose } from './support/close.ts'
import { sharedVectors, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

testLayer('conv1d', {
  make: () => conv1d({ filters: 4, kernelSize: 3, inputSize: 2, padding: 'same', activation: 'relu' }),
  input: waves(3, 5, 2),
  outputShape: [3, 5, 4],
  parameters: { kernel: [3, 2, 4], bias: [4] },
  lengths: [5, 1, 3],
})
testLayer('conv1d with stride and dilation, without bias', {
  make: () => conv1d({ filters: 2, kernelSize: 3, inputSize: 2, stride: 2, dilation: 2, useBias: false }),
  input: waves(2, 9, 2),
  outputShape: [2, 3, 2],
  parameters: { kernel: [3, 2, 2] },
})
testLayer('conv2d', {
  make: () => conv2d({ filters: 3, kernelSize: [3, 2], inputSize: 2, stride: [1, 2], kernelConstraint: maxNorm(2) }),
  input: waves(2, 5, 6, 2),
  outputShape: [2, 3, 3, 3],
  parameters: { kernel: [3, 2, 2, 3], bias: [3] },
})
testLayer('conv2d over the frames of a film', {
  make: () => conv2d({ filters: 3, kernelSize: 3, inputSize: 1, padding: 'same' }),
  input: waves(2, 3, 4, 4, 1),
  outputShape: [2, 3, 4, 4, 3],
  parameters: { kernel: [3, 3, 1, 3], bias: [3] },
})
testLayer('convLstm1d', {
  make: () => convLstm1d({ filters: 3, kernelSize: 3, inputSize: 2 }),
  input: waves(3, 4, 5, 2),
  outputShape: [3, 4, 5, 3],
  parameters: { kernel: [3, 2, 12], recurrent: [3, 3, 12], bias: [12] },
  lengths: [4, 1, 2],
})
testLayer('convLstm2d with dropout, a smaller state, its last frame', {
  make: () =>
    convLstm2d({
      filters: 2,
      kernelSize: [3, 2],
      inputSize: 1,
      stride: 2,
      padding: 'valid',
      recurrentDropout: 0.5,
      returns: 'last',
    }),
  input: waves(2, 3, 7, 6, 1),
  outputShape: [2, 3, 3, 2],
  parameters: { kernel: [3, 2, 1, 8], recurrent: [3, 2, 2, 8], bias: [8] },
  lengths: [3, 2],
  random: true,
})

interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

interface CellCase {
  readonly name: string
  readonly params: Readonly<Record<string, Numbers>>
  readonly inputs: { readonly x: Numbers }
  readonly outputs: { readonly sequence: Numbers }
  readonly loss_weights: { readonly sequence: Numbers }
  readonly grads: Readonly<Record<string, Numbers>>
}

const all = (sharedVectors('cells.json') ?? []) as CellCase[]
const cases = all.filter(({ name }) => name.startsWith('convLstm2d'))

const upload = (backend: Backend, { data, shape }: Numbers): Tensor =>
  tensor(Float32Array.from(data), { backend, shape })

describe.skipIf(all.length === 0)('convLstm2d gives what PyTorch gives', () => {
  test('all cases are here', () => expect(cases.length).toBe(2))

  test.each(cases)('$name', async ({ params, inputs, outputs, loss_weights: weights, grads }) => {
    const backend = await cpu()
    const [kernelSize = 0, , inputSize = 0] = params['kernel']?.shape ?? []
    const filters = params['recurrent']?.shape[2] ?? 0
    const layer = await convLstm2d({ filters, kernelSize, inputSize }).init(backend, { seed: 1 })
    for (const { path, variable } of layer.parameters()) {
      expect(variable.spec.shape, path).toEqual(params[path]?.shape)
      variable.assign(Float32Array.from(params[path]?.data ?? []))
    }
    const live = backend.stats().liveBuffers
    const names: string[] = []
    let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
    scope(backend, () => {
      const values = Object.fromEntries(layer.parameters().map(({ path, variable }) => [path, variable.value]))
      const { gradients, aux } = valueAndGrad((given: Record<string, Tensor>) => {
        const sequence = layer.forward(given['x']!)
        return { value: sum(mul(sequence, upload(backend, weights.sequence))), aux: sequence }
      })({ x: upload(backend, inputs.x), ...values })
      names.push(...Object.keys(gradients))
      reading = readTensors([aux, ...Object.values(gradients)])
    })
    const [sequence = [], ...gradients] = await reading
    expectClose('sequence', sequence, outputs.sequence.data)
    expect(names.toSorted()).toEqual(Object.keys(grads).toSorted())
    names.forEach((name, i) => {
      const due = grads[name]?.data ?? []
      expectClose(`gradient of ${name}`, gradients[i] ?? [], due, Math.max(...due.map(Math.abs)))
    })
    expect(backend.stats().liveBuffers).toBe(live)
  })
})

const films = async (): Promise<{ backend: Backend; layer: ConvLstm }> => {
  const backend = await cpu()
  return { backend, layer: await convLstm2d({ filters: 2, kernelSize: 3, inputSize: 1 }).init(backend, { seed: 3 }) }
}

test('a film in two pieces, with the state handed on, is the film as a whole', async () => {
  const { backend, layer } = await films()
  const { data, shape } = waves(2, 5, 4, 3, 1)
  scope(backend, () => {
    const film = tensor(data, { backend, shape })
    const whole = layer.run(film)
    const first = layer.run(slice(film, 1, 0, 2))
    const second = layer.run(slice(film, 1, 2, 3), { initial: first.final })
    expect(concat([first.sequence, second.sequence], 1).dataSync()).toEqual(whole.sequence.dataSync())
    expect(whole.final.map((state) => state.shape)).toEqual([
      [2, 4, 3, 2],
      [2, 4, 3, 2],
    ])
    whole.final.forEach((state, i) => expect(second.final[i]?.dataSync()).toEqual(state.dataSync()))
    expect(() => layer.run(film, { initial: [whole.sequence, whole.sequence] })).toThrow(
      'convLstm2d: initial state 0 has shape [2, 5, 4, 3, 2], expected [2, 4, 3, 2]',
    )
  })
})

test('rows that end early are as they would be alone', async () => {
  const { backend, layer } = await films()
  const { data, shape } = waves(3, 4, 4, 3, 1)
  scope(backend, () => {
    const film = tensor(data, { backend, shape })
    const lengths = tensor(Int32Array.of(4, 0, 2), { backend })
    const { sequence, final } = layer.run(film, { lengths })
    const [, empty, short] = [0, 1, 2].map((row) => slice(sequence, 0, row, 1))
    expect(new Set(empty!.dataSync())).toEqual(new Set([0]))
    expect(new Set(slice(short!, 1, 2, 2).dataSync())).toEqual(new Set([0]))
    const alone = layer.run(slice(slice(film, 0, 2, 1), 1, 0, 2))
    expect(slice(short!, 1, 0, 2).dataSync()).toEqual(alone.sequence.dataSync())
    expect(slice(final[1], 0, 2, 1).dataSync()).toEqual(alone.final[1].dataSync())
  })
})

test('frames come one at a time too', async () => {
  const backend = await cpu()
  const model = await sequential(
    convLstm2d({ filters: 3, kernelSize: 3, inputSize: 2 }),
    convLstm2d({ filters: 2, kernelSize: 3 }),
    conv2d({ filters: 1, kernelSize: 3, padding: 'same' }),
  ).init(backend, { seed: 5 })
  const film = waves(1, 4, 5, 4, 2)
  const { data } = await model.predict(film)
  const before = backend.stats().liveBuffers
  const stream = model.stepper({ shape: [1, 1, 5, 4, 2] })
  for (let t = 0; t < 4; t++) {
    const frame = stream.step(film.data.slice(t * 40, (t + 1) * 40))
    expect(frame).toEqual(data.slice(t * 20, (t + 1) * 20))
  }
  stream.dispose()
  expect(backend.stats().liveBuffers).toBe(before)
})

test('the recurrent dropout mask is one for the sequence', async () => {
  const backend = await cpu()
  const options = { filters: 2, kernelSize: 1, inputSize: 1 } as const
  const layer = await convLstm1d({ ...options, recurrentDropout: 0.5 }).init(backend, { seed: 3 })
  const { data, shape } = waves(2, 3, 4, 1)
  scope(backend, () => {
    const x = tensor(data, { backend, shape })
    const dropped = layer.run(x, { training: true, key: key(1) }).sequence
    // The state has no part in the first step.
    expect(slice(dropped, 1, 0, 1).dataSync()).toEqual(slice(layer.run(x).sequence, 1, 0, 1).dataSync())
    expect(slice(dropped, 1, 1, 1).dataSync()).not.toEqual(slice(layer.run(x).sequence, 1, 1, 1).dataSync())
    expect(() => layer.run(x, { training: true })).toThrow('there is no random key')
  })
})

test('weights of nn.Conv2d and nn.Conv1d are imported', async () => {
  const backend = await cpu()
  // Each element says where it is in PyTorch's [out, in, height, width].
  const weight = { data: Float32Array.from({ length: 24 }, (_, i) => i), shape: [2, 3, 2, 2] }
  const image = await conv2d({ filters: 2, kernelSize: 2, inputSize: 3 }).init(backend, { seed: 1 })
  importPytorch(image, { 'c.weight': weight, 'c.bias': { data: Float32Array.of(7, 8), shape: [2] } }, { prefix: 'c.' })
  const [kernel, bias] = image.parameters().map(({ variable }) => [...variable.value.dataSync()])
  const due = [0, 1].flatMap((y) =>
    [0, 1].flatMap((x) => [0, 1, 2].flatMap((input) => [0, 1].map((output) => ((output * 3 + input) * 2 + y) * 2 + x))),
  )
  expect(kernel).toEqual(due)
  expect(bias).toEqual([7, 8])
  const plain = await conv1d({ filters: 2, kernelSize: 4, inputSize: 3, useBias: false }).init(backend, { seed: 1 })
  importPytorch(plain, { weight: { ...weight, shape: [2, 3, 4] } })
  expect([...plain.parameters()[0]!.variable.value.dataSync()].slice(0, 4)).toEqual([0, 12, 4, 16])
  expect(() => importPytorch(plain, { weight })).toThrow(/weight \[2, 3, 2, 2\] instead of \[2, 3, 4\]/)
})

test('sizes are inferred, and no size of frames is fixed', async () => {
  const model = sequential(
    convLstm2d({ filters: 4, kernelSize: 3, inputSize: 1 }),
    convLstm2d({ filters: 3, kernelSize: [3, 5], returns: 'last' }),
    conv2d({ filters: 1, kernelSize: 1 }),
  )
  await model.init(await cpu(), { seed: 1 })
  expect(model.parameters().map(({ path, variable: { spec } }) => [path, spec.shape])).toEqual([
    ['0.kernel', [3, 3, 1, 16]],
    ['0.recurrent', [3, 3, 4, 16]],
    ['0.bias', [16]],
    ['1.kernel', [3, 5, 4, 12]],
    ['1.recurrent', [3, 5, 3, 12]],
    ['1.bias', [12]],
    ['2.kernel', [1, 1, 3, 1]],
    ['2.bias', [1]],
  ])
  expect((await model.predict(waves(2, 3, 6, 5, 1))).shape).toEqual([2, 6, 5, 1])
  expect((await model.predict(waves(1, 2, 9, 4, 1))).shape).toEqual([1, 9, 4, 1])
  const [, , bias] = model.parameters()
  expect([...bias!.variable.value.dataSync()]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
})

test('lengths hold where each step has its window, and are refused where not', async () => {
  const backend = await cpu()
  const options = { filters: 2, kernelSize: 3, inputSize: 2 } as const
  const batch = { inputs: waves(2, 4, 2), lengths: { data: Int32Array.of(4, 2), shape: [2] } }
  const kept = await sequential(conv1d({ ...options, padding: 'same' }), maxOverTime()).init(backend, { seed: 1 })
  expect((await kept.predict(batch)).shape).toEqual([2, 2])
  for (const other of [conv1d(options), conv1d({ ...options, padding: 'same', stride: 2 })]) {
    await other.init(backend, { seed: 1 })
    await expect(other.predict(batch)).rejects.toThrow(
      "conv1d: lengths are given, but there are fewer windows than time steps, and lengths would no longer hold; use padding: 'same' and stride: 1, or rows of one length",
    )
  }
  expect(() => kept.stepper({ shape: [1, 1, 2] })).toThrow(
    'conv1d: its windows span steps that a stream gives one after another; use recurrent layers in a model for streams',
  )
})

describe('what does not fit is refused with what to do', () => {
  const bad: readonly (readonly [string, () => Module, string])[] = [
    ['filters', () => conv2d({ filters: 0, kernelSize: 3 }), 'conv2d: filters is 0; give a whole number'],
    ['kernelSize', () => conv1d({ filters: 1, kernelSize: 1.5 }), 'conv1d: kernelSize is 1.5'],
    ['one side too many', () => conv2d({ filters: 1, kernelSize: [3, 3, 3] as never }), 'kernelSize is [3, 3, 3]'],
    ['stride', () => convLstm2d({ filters: 1, kernelSize: 3, stride: [0, 1] }), 'convLstm2d: stride is [0, 1]'],
    ['dilation', () => conv1d({ filters: 1, kernelSize: 3, dilation: -1 }), 'dilation is -1'],
    ['padding', () => conv1d({ filters: 1, kernelSize: 3, padding: 'full' as 'same' }), "padding is 'full'"],
    ['activation', () => conv1d({ filters: 1, kernelSize: 3, activation: 'swish' as 'relu' }), "activation 'swish'"],
    ['dropout', () => convLstm1d({ filters: 1, kernelSize: 3, recurrentDropout: 1 }), 'recurrentDropout is 1'],
    ['returns', () => convLstm1d({ filters: 1, kernelSize: 3, returns: 'all' as 'last' }), "returns is 'all'"],
  ]
  test.each(bad)('%s', (_, make, message) => expect(make).toThrow(message))

  test('configurations', () => {
    expect(() => fromJSON({ type: 'conv2d', filters: 1 })).toThrow("option 'kernelSize' is missing")
    expect(() => fromJSON({ type: 'convLstm2d', filters: 1, kernelSize: ['3'] })).toThrow(
      'convLstm2d: kernelSize is ["3"], expected a number or an array of numbers',
    )
    expect(() => fromJSON({ type: 'conv1d', filters: 1, kernelSize: 3, taps: 2 })).toThrow("unknown option 'taps'")
  })

  test('inputs', async () => {
    const { backend, layer } = await films()
    const image = await conv2d({ filters: 1, kernelSize: 5, inputSize: 1 }).init(backend, { seed: 1 })
    const small = await convLstm2d({ filters: 1, kernelSize: 5, inputSize: 1, padding: 'valid' }).init(backend, {
      seed: 1,
    })
    const refused = async (module: Module, shape: number[], message: string): Promise<void> =>
      expect(module.predict(waves(...shape))).rejects.toThrow(message)
    await refused(image, [1, 4, 6, 1], 'conv2d: a kernel of [5, 5] is larger than its frame of [4, 6]')
    await refused(image, [6, 6, 1], 'conv2d: the input has shape [6, 6, 1], expected [batch, height, width, channels]')
    await refused(image, [1, 6, 6, 2], 'expected 1 features in the last dimension')
    await refused(small, [1, 2, 4, 6, 1], 'a kernel of [5, 5] is larger than its frame of [4, 6]')
    await refused(layer, [1, 4, 4, 1], 'has shape [1, 4, 4, 1], expected [batch, time, height, width, channels]')
    await refused(layer, [1, 2, 4, 4, 3], 'expected 1 features in the last dimension')
    await refused(layer, [1, 2, 0, 4, 1], 'the size of the frames is [0, 4]')
    const unbuilt = convLstm2d({ filters: 1, kernelSize: 3 })
    await expect(unbuilt.init(backend, { seed: 1 })).rejects.toThrow('the input size of convLstm2d is not known')
    const notYet = (): unknown => scope(backend, () => unbuilt.forward(tensor([[[[[1]]]]], { backend }), INFERENCE))
    expect(notYet).toThrow('the layer has no values yet')
    let caught: unknown
    await image.predict(waves(1, 2, 2, 1)).catch((error: unknown) => (caught = error))
    expect(hasCode(caught, 'E_SHAPE')).toBe(true)
  })
})
