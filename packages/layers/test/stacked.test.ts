// Stacks of recurrent layers of different kinds.

import { cpu } from '@rnn/backend-cpu'
import { key, readTensors, scope, tensor, type Backend, type Tensor } from '@rnn/core'
import {
  bidirectional,
  embedding,
  encoderDecoder,
  fromJSON,
  greedy,
  gru,
  importPytorch,
  INFERENCE,
  loadWeights,
  lstm,
  minGru,
  saveWeights,
  sequential,
  simpleRnn,
  stacked,
  type HostArray,
  type Recurrent,
} from '@rnn/layers'
import { beforeEach, describe, expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'
import { testLayer } from './support/test-layer.ts'

let backend: Backend
beforeEach(async () => {
  backend = await cpu()
})

const upload = ({ data, shape }: HostArray): Tensor => tensor(data, { backend, shape })

describe('stacked layers of different kinds', () => {
  const mixed = (): Recurrent =>
    stacked(
      lstm({ units: 4, inputSize: 3, dropout: 0.5 }),
      minGru({ units: 6 }),
      gru({ units: 5, recurrentDropout: 0.5 }),
    )
  const parameters = {
    '0.kernel': [3, 16],
    '0.recurrent': [4, 16],
    '0.bias': [16],
    '1.kernel': [4, 12],
    '1.bias': [12],
    '2.kernel': [6, 15],
    '2.recurrent': [5, 15],
    '2.bias': [15],
    '2.recurrentBias': [15],
  }

  testLayer('an LSTM below a minGRU below a GRU', {
    make: mixed,
    input: waves(2, 4, 3),
    outputShape: [2, 4, 5],
    parameters,
    lengths: [4, 2],
    random: true,
  })
  testLayer('in both directions, giving the last states', {
    make: () =>
      bidirectional(stacked(gru({ units: 2, inputSize: 3 }), simpleRnn({ units: 3, returns: 'last' })), {
        merge: 'sum',
      }),
    input: waves(2, 4, 3),
    outputShape: [2, 3],
    parameters: Object.fromEntries(
      [0, 1].flatMap((level) =>
        ['forward', 'backward'].flatMap((way) => [
          [`${level}.${way}.kernel`, level ? [2, 3] : [3, 6]],
          [`${level}.${way}.recurrent`, level ? [3, 3] : [2, 6]],
          [`${level}.${way}.bias`, level ? [3] : [6]],
          ...(level ? [] : [[`${level}.${way}.recurrentBias`, [6]] as const]),
        ]),
      ),
    ),
    lengths: [4, 3],
  })

  test('give what the layers give one after another', async () => {
    const whole = await mixed().init(backend, { seed: 1 })
    const apart = await sequential(lstm({ units: 4, inputSize: 3 }), minGru({ units: 6 }), gru({ units: 5 })).init(
      backend,
      { seed: 1 },
    )
    await loadWeights(apart, await saveWeights(whole))
    const x = waves(2, 4, 3)
    expect((await whole.predict(x)).data).toEqual((await apart.predict(x)).data)
    using stream = whole.stepper({ shape: [2, 1, 3] })
    const both = await apart.stepper({ shape: [2, 1, 3] })
    for (let t = 0; t < 4; t++) {
      const step = x.data.slice(6 * t, 6 * t + 6)
      expect(stream.step(step)).toEqual(both.step(step))
    }
    both.dispose()
  })

  test('take and give states, level by level', async () => {
    const layer = await mixed().init(backend, { seed: 1 })
    let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
    scope(backend, () => {
      const [first, second] = [upload(waves(2, 3, 3)), upload(waves(2, 2, 3))]
      const { final } = layer.run(first)
      expect(final.map((states) => states.map(({ shape }) => shape[1]))).toEqual([[4, 4], [6], [5]])
      reading = readTensors([layer.run(second, { initial: final }).last, layer.run(second).last])
      expect(() => layer.run(second, { initial: [final[0]] })).toThrow(/stacked: 1 initial state, expected 3/)
    })
    const [onwards, afresh] = await reading
    expect(onwards).not.toEqual(afresh)
  })

  test('serve as encoder and decoder', async () => {
    const make = () =>
      encoderDecoder({
        source: embedding({ vocabularySize: 6, units: 3 }),
        encoder: bidirectional(stacked(lstm({ units: 4 }), gru({ units: 2 }))),
        decoder: stacked(gru({ units: 3, dropout: 0.5, zoneout: 0.2 }), lstm({ units: 5, recurrentDropout: 0.2 })),
      })
    const model = await make().init(backend, { seed: 1 })
    const copied = fromJSON(JSON.parse(JSON.stringify(model))) as unknown as typeof model
    await copied.init(backend, { seed: 2 })
    await loadWeights(copied, await saveWeights(model))
    const source = ids([2, 3], 1, 2, 3, 4, 5, 1)
    const pair = { source, target: ids([2, 2], 1, 2, 3, 4) }
    const written = await model.predict(pair)
    expect(written.shape).toEqual([2, 2, 6])
    expect(await copied.predict(pair)).toEqual(written)
    expect((await greedy(model, { source }, { startId: 1, endId: 2, maxLength: 3 })).length).toBe(2)
    scope(backend, () => {
      const inputs = { source: upload(source), target: upload(pair.target) }
      expect(() => model.forward(inputs, { ...INFERENCE, training: true, key: key(1) })).not.toThrow()
    })
    expect(() =>
      encoderDecoder({
        source: embedding({ vocabularySize: 6, units: 3 }),
        encoder: gru({ units: 4, layers: 2 }),
        decoder: stacked(gru({ units: 4 }), gru({ units: 3 })),
        bridge: 'identity',
      }),
    ).toThrow(/bridge: 'identity' from 2 layers with states of 4; 4 to 2 layers with states of 4; 3/)
  })

  test('take no weights of one PyTorch module', async () => {
    const layer = await stacked(gru({ units: 2, inputSize: 2 }), gru({ units: 3 })).init(backend, { seed: 1 })
    expect(() => importPytorch(layer, {})).toThrow(/importPytorch: a stack of layers that are not alike/)
  })

  test('must fit together', () => {
    const at = { units: 2 }
    expect(() => stacked(bidirectional(gru(at)), gru(at))).toThrow(
      /has both directions; use bidirectional\(stacked\(…\)\)/,
    )
    expect(() => stacked(gru({ ...at, returns: 'last' }), lstm(at))).toThrow(
      /stacked: the gru layer below others gives its last/,
    )
    expect(() => stacked(gru(at), lstm({ ...at, inputSize: 2 }))).toThrow(
      /the lstm layer above others has an inputSize/,
    )
    expect(() => stacked(gru({ ...at, direction: 'backward' }), lstm(at))).toThrow(/direction of the parts differs/)
    expect(() => stacked(gru({ units: 3 }), lstm({ ...at, residual: true }))).toThrow(
      /a residual layer of 2 units on one of 3/,
    )
    expect(() => fromJSON({ type: 'stacked', layers: [{ type: 'dense', units: 2 }] })).toThrow(
      /stacked: layers is no array of recurrent ones/,
    )
  })
})
