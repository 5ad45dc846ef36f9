// Zoneout, and recurrent dropout with one mask a sequence.

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
  scan,
  scope,
  select,
  tensor,
  unstack,
  type Backend,
  type Cell,
  type Tensor,
} from '@rnn/core'
import { bidirectional, gru, lstm, minGru, rnn, type HostArray, type Recurrent } from '@rnn/layers'
import { beforeEach, describe, expect, test } from 'vitest'
import { waves } from './support/host.ts'
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
