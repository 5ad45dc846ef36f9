// What every recurrent layer can do beside its cell: zoneout, one dropout mask a sequence, states that stay between calls, stacks of different kinds.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import {
  add,
  bernoulli,
  copy,
  defineCell,
  glorotUniform,
  key,
  linear,
  lstmCell,
  mul,
  readTensors,
  scan,
  scope,
  select,
  sum,
  tensor,
  unstack,
  type Backend,
  type Cell,
  type Tensor,
} from '@rnn/core'
import {
  bidirectional,
  dense,
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
  resetStates,
  rnn,
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
/** Both sides round each of some ten operations a step, of values below 1. */
const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  expect(a.length).toBe(b.length)
  Array.from(a).forEach((value, i) => expect(Math.abs(value - (b[i] ?? NaN))).toBeLessThan(2e-6))
}

describe('zoneout', () => {
  const [B, T, I, H] = [2, 4, 3, 5]

  /** The paper's equations, on the cell's step. */
  function byHand(
    layer: Recurrent,
    x: Tensor,
    keep: (state: Tensor, next: Tensor, t: number, s: number) => Tensor,
  ): Tensor[] {
    const parameters = layer.cellParameters(0)
    let state: readonly Tensor[] = [upload(waves(B, H)), upload(waves(B, H))]
    return unstack(linear(x, parameters['kernel'] as Tensor, parameters['bias']), 1).map((step, t) => {
      const [h, c] = state as [Tensor, Tensor]
      const next = lstmCell.step(step, [h, c], parameters as never, h)
      state = next.map((each, s) => keep(state[s] as Tensor, each, t, s))
      return state[0] as Tensor
    })
  }

  test('afterwards keeps the expected share of each state', async () => {
    const layer = await lstm({ units: H, inputSize: I, zoneout: 0.25, cellZoneout: 0.5 }).init(backend, { seed: 1 })
    scope(backend, () => {
      const x = upload(waves(B, T, I))
      const { sequence } = layer.run(x, { initial: [[upload(waves(B, H)), upload(waves(B, H))]] })
      const expected = byHand(layer, x, (state, next, _, s) =>
        add(mul(state, s ? 0.5 : 0.25), mul(next, s ? 0.5 : 0.75)),
      )
      unstack(sequence, 1).forEach((each, t) => close(copy(each).dataSync(), expected[t]?.dataSync() ?? []))
    })
  })

  test('while training keeps elements at random, other ones at each step', () => {
    scope(backend, () => {
      const shape = [B, T, H]
      const masks = [0.3, 0.6].map((rate, i) => bernoulli(key(i), shape, rate, { backend }))
      const specs = Object.entries(lstmCell.parameters(I, H))
      const parameters = Object.fromEntries(specs.map(([name, spec]) => [name, upload(waves(...spec.shape))]))
      const x = upload(waves(B, T, I))
      const { sequence } = scan(lstmCell as unknown as Cell, x, parameters, {
        units: H,
        initial: [upload(waves(B, H)), upload(waves(B, H))],
        zoneout: masks,
      })
      const layer = { cellParameters: () => parameters } as unknown as Recurrent
      const expected = byHand(layer, x, (state, next, t, s) =>
        select(unstack(masks[s] as Tensor, 1)[t] as Tensor, state, next),
      )
      unstack(sequence, 1).forEach((each, t) => close(copy(each).dataSync(), expected[t]?.dataSync() ?? []))
    })
  })

  test('what it keeps is the share asked for, decided by the key', async () => {
    const counting = defineCell<'kernel', readonly [h: Tensor]>({
      kind: 'counting',
      gates: 1,
      stateSizes: (units) => [units],
      parameters: (inputSize, units) => ({ kernel: { shape: [inputSize, units], initializer: glorotUniform } }),
      step: (_, [h]) => [add(h, 1)],
    })
    const layer = await rnn(counting, { units: 50, inputSize: 1, zoneout: 0.2 }).init(backend, { seed: 1 })
    scope(backend, () => {
      const x = upload({ data: new Float32Array(40), shape: [2, 20, 1] })
      const run = (seed: number): Tensor => layer.run(x, { training: true, key: key(seed) }).last
      const counts = run(1).dataSync() as Float32Array
      // 2000 draws: the mean's standard deviation is √(.16/2000) = .009.
      const kept = 1 - counts.reduce((a, b) => a + b, 0) / (100 * 20)
      expect(Math.abs(kept - 0.2)).toBeLessThan(0.04)
      expect(new Set(counts).size).toBeGreaterThan(3)
      expect(run(1).dataSync()).toEqual(counts)
      expect(run(2).dataSync()).not.toEqual(counts)
      expect([...layer.run(x).last.dataSync()].every((value) => Math.abs(value - 16) < 1e-4)).toBe(true)
    })
  })

  testLayer('gru with zoneout, stacked', {
    make: () => gru({ units: 4, inputSize: 3, layers: 2, zoneout: 0.4 }),
    input: waves(2, 5, 3),
    outputShape: [2, 5, 4],
    parameters: {
      '0.kernel': [3, 12],
      '0.recurrent': [4, 12],
      '0.bias': [12],
      '0.recurrentBias': [12],
      '1.kernel': [4, 12],
      '1.recurrent': [4, 12],
      '1.bias': [12],
      '1.recurrentBias': [12],
    },
    lengths: [5, 2],
    random: true,
  })
  testLayer('bidirectional minGRU with zoneout', {
    make: () => bidirectional(minGru({ units: 3, inputSize: 2, zoneout: 0.4 })),
    input: waves(2, 4, 2),
    outputShape: [2, 4, 6],
    parameters: {
      'forward.kernel': [2, 6],
      'forward.bias': [6],
      'backward.kernel': [2, 6],
      'backward.bias': [6],
    },
    lengths: [4, 3],
    random: true,
  })

  test('a stream of steps keeps what the whole sequence keeps', async () => {
    for (const make of [
      () => lstm({ units: 4, inputSize: 2, zoneout: 0.3, cellZoneout: 0.1 }),
      () => minGru({ units: 4, inputSize: 2, zoneout: 0.3 }),
    ]) {
      const layer = await make().init(backend, { seed: 1 })
      const x = waves(1, 5, 2)
      const { data } = await layer.predict(x)
      using stream = layer.stepper({ shape: [1, 1, 2] })
      close(
        [0, 1, 2, 3, 4].flatMap((t) => [...stream.step(x.data.slice(2 * t, 2 * t + 2))]),
        data,
      )
    }
  })

  test('of a scan fits its states', () => {
    scope(backend, () => {
      const specs = Object.entries(lstmCell.parameters(I, H))
      const parameters = Object.fromEntries(specs.map(([name, spec]) => [name, upload(waves(...spec.shape))]))
      const run = (...zoneout: (Tensor | number | undefined)[]): unknown =>
        scan(lstmCell as unknown as Cell, upload(waves(B, T, I)), parameters, { units: H, zoneout })
      expect(() => run(1.5)).toThrow(/lstm: zoneout of state 0 is 1.5; give a share from 0 to 1/)
      expect(() => run(0.5, upload(waves(B, T, H)))).toThrow(/lstm: zoneout of state 1 is float32, expected bool/)
      expect(() => run(bernoulli(key(1), [T, B, H], 0.5, { backend }))).toThrow(
        /lstm: zoneout of state 0 has shape \[4, 2, 5\], expected \[2, 4, 5\]/,
      )
      expect(() => run(undefined, 1)).not.toThrow()
    })
  })

  test('is refused where it makes no sense', () => {
    expect(() => lstm({ units: 2, zoneout: 1 })).toThrow(
      /lstm: zoneout is 1; give the share to drop: 0 or more, below 1/,
    )
    expect(() => gru({ units: 2, cellZoneout: 0.5 })).toThrow(
      /gru: cellZoneout for a cell that has no state but the hidden one; use zoneout/,
    )
    const x = upload(waves(1, 2, 2))
    const layer = gru({ units: 2, inputSize: 2, zoneout: 0.5 })
    return layer.init(backend, { seed: 1 }).then(() => {
      scope(backend, () => expect(() => layer.run(x, { training: true })).toThrow(/there is no random key/))
    })
  })
})

test('recurrent dropout takes one mask for the whole sequence, of any cell', async () => {
  // h' = fed + 1: an element that is dropped is 1 at every step, one that is kept grows by the same factor each time.
  const growing = defineCell<'kernel', readonly [h: Tensor]>({
    kind: 'growing',
    gates: 1,
    stateSizes: (units) => [units],
    parameters: (inputSize, units) => ({ kernel: { shape: [inputSize, units], initializer: glorotUniform } }),
    step: (_projected, _state, _parameters, fed) => [add(fed, 1)],
  })
  const deaf = { ...growing, step: (_: Tensor, [h]: readonly [Tensor]): readonly [Tensor] => [add(h, 1)] }
  expect(() => rnn(deaf, { units: 2, recurrentDropout: 0.5 })).toThrow(
    /growing: recurrentDropout for a cell that has no place for it; let its step take a fourth parameter/,
  )
  const layer = await rnn(growing, { units: 30, inputSize: 1, recurrentDropout: 0.5 }).init(backend, { seed: 1 })
  scope(backend, () => {
    const x = upload({ data: new Float32Array(8), shape: [2, 4, 1] })
    const { sequence } = layer.run(x, { training: true, key: key(3) })
    const [first, ...later] = unstack(sequence, 1).map((each) => [...copy(each).dataSync()])
    expect(first?.every((value) => value === 1)).toBe(true)
    const last = later.at(-1) ?? []
    expect(new Set(last)).toEqual(new Set([1, 15])) // 1, 3, 7, 15 by a mask of 2
    later[0]?.forEach((value, i) => expect(value).toBe(last[i] === 1 ? 1 : 3))
  })
})

describe('a stateful layer', () => {
  const make = (): Recurrent =>
    stacked(lstm({ units: 4, inputSize: 3, statefulRows: 2 }), gru({ units: 5, statefulRows: 2 }))
  const x = waves(2, 6, 3)
  const half = (which: 0 | 1): HostArray => ({
    data: Float32Array.from({ length: 18 }, (_, i) => x.data[Math.floor(i / 9) * 18 + which * 9 + (i % 9)] ?? NaN),
    shape: [2, 3, 3],
  })

  test('goes on where the call before left off, until reset', async () => {
    const model = await sequential(make(), dense({ units: 2 })).init(backend, { seed: 1 })
    const whole = await model.predict(x)
    resetStates(model)
    const live = backend.stats().liveBuffers
    const parts = [await model.predict(half(0)), await model.predict(half(1))]
    parts.forEach(({ data }, which) =>
      close(
        data,
        Float32Array.from({ length: 12 }, (_, i) => whole.data[Math.floor(i / 6) * 12 + which * 6 + (i % 6)] ?? NaN),
      ),
    )
    const third = await model.predict(half(0))
    expect(third.data).not.toEqual(parts[0]?.data)
    resetStates(model)
    expect((await model.predict(half(0))).data).toEqual(parts[0]?.data)
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('keeps its states where the model goes: to another backend, and into its weights', async () => {
    const layer = await make().init(backend, { seed: 1 })
    const again = await make().init(backend, { seed: 2 })
    await layer.predict(half(0))
    await loadWeights(again, await saveWeights(layer))
    const expected = await layer.predict(half(1))
    await again.to(await cpu())
    expect((await again.predict(half(1))).data).toEqual(expected.data)
    expect(layer.states().map(({ path, variable }) => [path, variable.spec.shape])).toEqual([
      ['0.state0', [2, 4]],
      ['0.state1', [2, 4]],
      ['1.state0', [2, 5]],
    ])
    expect(layer.parameterCount).toBe(4 * (3 * 4 + 4 * 4 + 4) + (4 * 15 + 5 * 15 + 30))
    again.dispose()
  })

  test('goes on while training, with no gradient into the batch before', async () => {
    const layer = await make().init(backend, { seed: 1 })
    const parameters = (): Record<string, Tensor> =>
      Object.fromEntries(layer.parameters().map(({ path, variable }) => [path, variable.value]))
    const gradientsOf = (run: (piece: Tensor) => Tensor, which: 0 | 1): Float32Array[] =>
      scope(backend, () => {
        const { gradients } = valueAndGrad<Record<string, Tensor>>(() => sum(run(upload(half(which)))))(parameters())
        return Object.values(gradients).map((each) => each.dataSync() as Float32Array)
      })
    const context = { ...INFERENCE, training: true, key: key(1) }
    const live = backend.stats().liveBuffers
    gradientsOf((piece) => layer.forward(piece, context), 0)
    const got = gradientsOf((piece) => layer.forward(piece, context), 1)
    expect(backend.stats().liveBuffers).toBe(live)
    scope(backend, () => {
      const { final } = layer.run(upload(half(0)))
      const expected = gradientsOf((piece) => layer.run(piece, { initial: final }).sequence, 1)
      expect(got).toEqual(expected)
    })
  })

  test('streams by a stepper without touching its own states', async () => {
    const layer = await make().init(backend, { seed: 1 })
    await layer.predict(half(0))
    const before = await saveWeights(layer)
    using stream = layer.stepper({ shape: [1, 1, 3] })
    stream.step(Float32Array.of(1, 2, 3))
    expect(await saveWeights(layer)).toEqual(before)
  })

  test('refuses what does not fit', async () => {
    const layer = await make().init(backend, { seed: 1 })
    await expect(layer.predict(waves(3, 2, 3))).rejects.toThrow(
      /stacked: the batch has 3 rows, but the layer goes on with states of 2 \(statefulRows\); give each batch as many rows/,
    )
    expect(() => bidirectional(gru({ units: 2, statefulRows: 2 }))).toThrow(/gru: statefulRows for a layer that reads/)
    expect(() => gru({ units: 2, statefulRows: 0 })).toThrow(/gru: statefulRows is 0/)
    const stateless = await gru({ units: 2, inputSize: 1 }).init(backend, { seed: 1 })
    expect(() => stateless.reset()).toThrow(
      /gru: reset of a layer that keeps no state between calls; give it statefulRows/,
    )
    expect(() => resetStates(stateless)).toThrow(/resetStates: no layer of this model is stateful/)
    expect(() => gru({ units: 2, statefulRows: 2 }).reset()).toThrow(/init/)
  })
})

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
