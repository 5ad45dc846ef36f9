// What every recurrent layer can do, whatever its cell: directions, lengths, stacks, dropout, streams, saved models. And what its options refuse.

import { cpu } from '@rnn/backend-cpu'
import { key, logitsOf, readTensors, scope, tensor, type Tensor } from '@rnn/core'
import {
  additiveAttention,
  bidirectional,
  encoderDecoder,
  embedding,
  fromJSON,
  gru,
  indRnn,
  jordan,
  loadModel,
  lstm,
  resetStates,
  rnn,
  saveModel,
  simpleRnn,
  type EncoderDecoder,
  type Recurrent,
  type RecurrentOptions,
} from '@rnn/layers'
import { beforeAll, describe, expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

const [B, T, I, H] = [3, 5, 3, 4]

/** Shapes of one layer's parameters. */
const lstmShapes = (hidden = H, gates = 4): Record<string, readonly number[]> => ({
  kernel: [I, gates * H],
  recurrent: [hidden, gates * H],
  bias: [gates * H],
})
const gruShapes = { kernel: [I, 3 * H], recurrent: [H, 3 * H], bias: [3 * H] }
const normShapes = (gates = 4): Record<string, readonly number[]> => ({
  kernelGain: [gates * H],
  recurrentGain: [gates * H],
  cellGain: [H],
  cellBias: [H],
})
const indRnnShapes = { kernel: [I, H], recurrent: [H], bias: [H] }
const jordanShapes = (outputs: number): Record<string, readonly number[]> => ({
  kernel: [I, H],
  feedback: [outputs, H],
  bias: [H],
  output: [H, outputs],
  outputBias: [outputs],
})

/** Each cell by its options, the width of what it gives, and its parameters. */
const CELLS: readonly (readonly [
  options: string,
  make: (shared: RecurrentOptions) => Recurrent,
  width: number,
  parameters: Readonly<Record<string, readonly number[]>>,
])[] = [
  ['lstm with peepholes', (shared) => lstm({ ...shared, peepholes: true }), H, { ...lstmShapes(), peephole: [3, H] }],
  ['lstm with coupled gates', (shared) => lstm({ ...shared, coupledGates: true }), H, lstmShapes(H, 3)],
  ['lstm with projection', (shared) => lstm({ ...shared, projection: 2 }), 2, { ...lstmShapes(2), projection: [H, 2] }],
  ['lstm with hard sigmoid', (shared) => lstm({ ...shared, recurrentActivation: 'hardSigmoid' }), H, lstmShapes()],
  ['lstm with layer norm', (shared) => lstm({ ...shared, layerNorm: true }), H, { ...lstmShapes(), ...normShapes() }],
  [
    'lstm with much of it',
    (shared) =>
      lstm({ ...shared, peepholes: true, coupledGates: true, projection: 3, activation: 'softplus', clip: 2 }),
    3,
    { ...lstmShapes(3, 3), peephole: [2, H], projection: [H, 3] },
  ],
  [
    'lstm with layer norm, coupled and projected',
    (shared) => lstm({ ...shared, layerNorm: true, coupledGates: true, projection: 1 }),
    1,
    { ...lstmShapes(1, 3), projection: [H, 1], ...normShapes(3) },
  ],
  ['gru, reset before', (shared) => gru({ ...shared, resetAfter: false }), H, gruShapes],
  [
    'gru, reset after, clipped',
    (shared) => gru({ ...shared, clip: 0.5, recurrentActivation: 'hardSigmoid' }),
    H,
    { ...gruShapes, recurrentBias: [3 * H] },
  ],
  [
    'simpleRnn with sigmoid, clipped',
    (shared) => simpleRnn({ ...shared, activation: 'sigmoid', clip: 1 }),
    H,
    { kernel: [I, H], recurrent: [H, H], bias: [H] },
  ],
  ['indRnn with relu', indRnn, H, indRnnShapes],
  ['indRnn with tanh', (shared) => indRnn({ ...shared, activation: 'tanh' }), H, indRnnShapes],
  ['jordan', jordan, H, jordanShapes(H)],
  [
    'jordan with outputs',
    (shared) => jordan({ ...shared, outputs: 6, activation: 'relu', outputActivation: 'linear' }),
    6,
    jordanShapes(6),
  ],
]

for (const [title, make, width, parameters] of CELLS) {
  testLayer(title, {
    make: () => make({ units: H, inputSize: I }),
    input: waves(B, T, I),
    outputShape: [B, T, width],
    parameters,
    lengths: [3, T, 1],
  })
}

let backend: Awaited<ReturnType<typeof cpu>>
beforeAll(async () => {
  backend = await cpu()
})

describe.each(CELLS)('%s', (_, make, width) => {
  /** The layer with values of its own everywhere: biases and peepholes start at zero. */
  async function filled<Layer extends Recurrent>(layer: Layer): Promise<Layer> {
    await layer.init(backend, { seed: 3 })
    layer.parameters().forEach(({ variable }, i) => {
      const { data } = waves(variable.size + i)
      variable.assign(data.slice(i))
    })
    return layer
  }
  const x = (rows = B, time = T): Tensor => tensor(waves(rows, time, I).data, { backend, shape: [rows, time, I] })

  test('gives sequences and final states of the width that it announces', async () => {
    const layer = await filled(make({ units: H, inputSize: I, layers: 2 }))
    expect([layer.outputSize, layer.hiddenSize]).toEqual([width, width])
    const both = bidirectional(make({ units: H, inputSize: I, layers: 2, returns: 'last' }))
    expect(both.outputSize).toBe(2 * width)
    await both.init(backend, { seed: 1 })
    const live = backend.stats().liveBuffers
    scope(backend, () => {
      const { sequence, last, final } = layer.run(x())
      expect([sequence.shape, last.shape]).toEqual([
        [B, T, width],
        [B, width],
      ])
      expect(final.map((state) => state.map(({ shape }) => shape))).toEqual(
        [0, 1].map(() => layer.cell.stateSizes(H).map((size) => [B, size])),
      )
      expect(both.forward(x()).shape).toEqual([B, 2 * width])
    })
    expect(backend.stats().liveBuffers).toBe(live)
    both.dispose()
    layer.dispose()
  })

  test('in both directions, a ragged row gives what it gives alone', async () => {
    const layer = await filled(bidirectional(make({ units: H, inputSize: I, layers: 2 })))
    const lengths = [3, T, 1]
    const { together, alone } = scope(backend, () => {
      const input = waves(B, T, I).data
      const rows = tensor(Int32Array.from(lengths), { backend })
      const states = ({ sequence, final }: ReturnType<Recurrent['run']>): Tensor[] => [sequence, ...final.flat()]
      return {
        together: readTensors(states(layer.run(x(), { lengths: rows }))),
        alone: lengths.map((length, b) => {
          const row = tensor(input.slice(b * T * I, (b * T + length) * I), { backend, shape: [1, length, I] })
          return readTensors(states(layer.run(row)))
        }),
      }
    })
    const [sequence = [], ...final] = await together
    for (const [b, length] of lengths.entries()) {
      const [own = [], ...ownFinal] = (await alone[b]) ?? []
      const at = b * T * 2 * width
      expectNear(sequence.slice(at, at + length * 2 * width), own)
      expect(sequence.slice(at + length * 2 * width, at + T * 2 * width).every((value) => value === 0)).toBe(true)
      ownFinal.forEach((state, i) => {
        const size = state.length
        expectNear(final[i]?.slice(b * size, (b + 1) * size) ?? [], state)
      })
    }
    layer.dispose()
  })

  test('drops out by a key while training, and only then', async () => {
    const layer = await filled(
      make({ units: H, inputSize: I, layers: 2, dropout: 0.5, recurrentDropout: 0.5, zoneout: 0.2 }),
    )
    const run = async (training: boolean, seed: number): Promise<Float32Array | Int32Array> => {
      const output = layer.forward(x(), { training, key: key(seed), lengths: undefined })
      const values = await output.data()
      output.dispose()
      return values
    }
    expect(await run(true, 1)).toEqual(await run(true, 1))
    expect(await run(true, 1)).not.toEqual(await run(true, 2))
    expect(await run(false, 1)).toEqual(await run(false, 2))
    layer.dispose()
  })

  test('step by step a stream gives the whole sequence', async () => {
    const layer = await filled(make({ units: H, inputSize: I, layers: 2 }))
    const { data } = waves(1, T, I)
    const whole = (await layer.predict({ data, shape: [1, T, I] })).data
    const stream = layer.stepper({ shape: [1, 1, I] })
    for (const _again of [1, 2]) {
      stream.reset()
      for (let t = 0; t < T; t++)
        expectNear(stream.step(data.slice(t * I, (t + 1) * I)), whole.slice(t * width, (t + 1) * width))
    }
    stream.dispose()
    layer.dispose()
  })

  test('goes on from batch to batch where it is stateful', async () => {
    const layer = await filled(make({ units: H, inputSize: I, layers: 2, statefulRows: 1 }))
    const { data } = waves(1, T, I)
    const part = async (from: number, to: number): Promise<Float32Array> =>
      (await layer.predict({ data: data.slice(from * I, to * I), shape: [1, to - from, I] })).data
    const whole = await part(0, T)
    resetStates(layer)
    expectNear([...(await part(0, 2)), ...(await part(2, T))], whole)
    layer.dispose()
  })

  test('comes back from its files', async () => {
    const layer = await filled(
      bidirectional(make({ units: H, inputSize: I, layers: 2, dropout: 0.25 }), { merge: 'sum' }),
    )
    const files = await saveModel(layer)
    const copy = await loadModel(files, backend)
    expect(copy.toJSON()).toEqual(layer.toJSON())
    expect(fromJSON(JSON.parse(JSON.stringify(layer))).toJSON()).toEqual(layer.toJSON())
    expect(copy.parameters().map(({ path }) => path)).toEqual(layer.parameters().map(({ path }) => path))
    expect(await copy.predict(waves(B, T, I))).toEqual(await layer.predict(waves(B, T, I)))
    copy.dispose()
    layer.dispose()
  })

  test('decodes, whether its input is projected as a whole or by parts', async () => {
    const translator = (decoder: Recurrent): EncoderDecoder =>
      encoderDecoder({
        source: embedding({ vocabularySize: 6, units: 3 }),
        encoder: bidirectional(make({ units: H })),
        target: embedding({ vocabularySize: 5, units: 2 }),
        attention: additiveAttention({ units: 3 }),
        decoder,
      })
    const options = { units: H, layers: 2, recurrentDropout: 0.25, dropout: 0.25 }
    const { cell } = make(options)
    const asWhole = {
      ...cell,
      project: (...given: Parameters<NonNullable<typeof cell.project>>) => cell.project!(...given),
    }
    const live = backend.stats().liveBuffers
    const context = { training: true, key: key(1), lengths: undefined }
    const logits = async (model: EncoderDecoder): Promise<Float32Array | Int32Array> => {
      await model.init(backend, { seed: 1 })
      const { reading } = scope(backend, () => {
        const upload = (shape: number[], ...values: number[]): Tensor =>
          tensor(ids(shape, ...values).data, { backend, shape })
        const input = { source: upload([2, 3], 1, 2, 3, 4, 5, 0), target: upload([2, 2], 1, 2, 3, 4) }
        return { reading: logitsOf(model.forward(input, context)).data() }
      })
      const values = await reading
      model.dispose()
      return values
    }
    const byParts = await logits(translator(make(options)))
    expect(byParts.length).toBe(2 * 2 * 5)
    expectNear(byParts, await logits(translator(rnn(asWhole, options))))
    expect(backend.stats().liveBuffers).toBe(live)
  })
})

function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) expect(got[i], `element ${i}`).toBeCloseTo(expected[i] ?? NaN, 5)
}
