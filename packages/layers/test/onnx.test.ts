// The recurrent layers against ONNX: the standard's own node tests, and ONNX Runtime for every option that its operators have.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpu } from '@rnn/backend-cpu'
import { fusedCounts, readTensors, scope, tensor, unstack, type CellActivation } from '@rnn/core'
import {
  bidirectional,
  gru,
  lstm,
  simpleRnn,
  upload,
  type HostArray,
  type Recurrent,
  type RecurrentState,
} from '@rnn/layers'
import { afterAll, describe, expect, test } from 'vitest'
import { expectClose } from './support/close.ts'
import { sharedFolder, waves } from './support/host.ts'
import { onnxRuntime, recorded, runOnnx, writeRecord, type OrtOutputs } from './support/onnx-runtime.ts'
import { ourWeights, readNode, readTensor, writeModel, type OnnxNode, type OnnxWeights } from './support/onnx.ts'

/** What a node is fed: X `[time, batch, features]`, the weights, and what it may have besides. */
type Feeds = Readonly<Record<'X', HostArray>> &
  OnnxWeights &
  Partial<Readonly<Record<'sequence_lens' | 'initial_h' | 'initial_c', HostArray>>>

/** Our functions by ONNX's names. */
const ACTIVATIONS: Readonly<Record<string, CellActivation>> = {
  Tanh: 'tanh',
  Sigmoid: 'sigmoid',
  HardSigmoid: 'hardSigmoid',
  Relu: 'relu',
  Softplus: 'softplus',
}

/** The layer that a node describes. */
function layerOf({ op, attributes }: OnnxNode, { W, R, P }: Feeds): Recurrent {
  const { clip, direction, activations = [], input_forget, linear_before_reset } = attributes
  const functions = (activations as readonly string[]).map((name) => ACTIVATIONS[name] ?? 'linear')
  const shared = {
    inputSize: W.shape[2] ?? 0,
    units: R.shape[2] ?? 0,
    ...(typeof clip === 'number' && { clip }),
    ...(direction === 'reverse' && { direction: 'backward' as const }),
  }
  const [first, second] = functions
  const gated = {
    ...shared,
    ...(first && { recurrentActivation: first }),
    ...(second && { activation: second }),
  }
  const layer: Recurrent =
    op === 'LSTM'
      ? lstm({ ...gated, peepholes: P !== undefined, coupledGates: input_forget === 1 })
      : op === 'GRU'
        ? gru({ ...gated, resetAfter: linear_before_reset === 1 })
        : simpleRnn({ ...shared, ...(first && { activation: first }) })
  return direction === 'bidirectional' ? bidirectional(layer) : layer
}

/** What our layer gave, and how many sequences of a cell with options ran as one op. */
interface Ours {
  readonly outputs: Readonly<Record<string, readonly number[]>>
  readonly fused: number
}

/** What our layer gives, by the names and in the layouts of ONNX: Y `[time, directions, batch, units]`, Y_h and Y_c `[directions, batch, units]`. */
async function ours(node: OnnxNode, feeds: Feeds): Promise<Ours> {
  const backend = await cpu()
  const batchFirst = node.attributes['layout'] === 1
  const layer = await layerOf(node, feeds).init(backend, { seed: 1 })
  layer.directions.forEach((direction, d) => {
    const values = ourWeights(node, feeds, d)
    const own = layer.parameters().filter(({ path }) => !layer.bidirectional || path.startsWith(direction))
    expect(own.map(({ variable }) => variable.name).toSorted()).toEqual(Object.keys(values).toSorted())
    for (const { variable } of own) variable.assign(values[variable.name] ?? new Float32Array())
  })
  const { X, sequence_lens, initial_h, initial_c } = feeds
  const x = batchFirst ? X : swapped(X)
  const { reading } = scope(backend, () => {
    const { inputs, lengths } = upload({ inputs: x, lengths: sequence_lens }, backend)
    const states = [initial_h, initial_c].filter((each) => each !== undefined)
    const slices = states.map(({ data, shape }) => unstack(tensor(data as Float32Array, { backend, shape })))
    const initial = (slices[0] ?? []).map((_, d) => slices.map((each) => each[d])) as unknown as RecurrentState
    const { sequence, final } = layer.run(inputs, { lengths, ...(states.length > 0 && { initial }) })
    return { reading: readTensors([sequence, ...final.flat()]) }
  })
  const [sequence = new Float32Array(), ...final] = await reading
  const [batch = 0, time = 0] = x.shape
  const { hiddenSize: units } = layer
  const directions = layer.directions.length
  const perDirection = final.length / directions
  const state = (s: number): number[] => layer.directions.flatMap((_, d) => [...(final[d * perDirection + s] ?? [])])
  const outputs = {
    Y: Array.from({ length: sequence.length }, (_, i) => {
      const [row, unit] = [Math.floor(i / units), i % units]
      const [b, d] = [row % batch, Math.floor(row / batch) % directions]
      const t = Math.floor(row / batch / directions)
      // With the batch first ONNX has [batch, time, directions, units], which is our order for one direction.
      return (batchFirst ? sequence[i] : sequence[((b * time + t) * directions + d) * units + unit]) ?? NaN
    }),
    Y_h: state(0),
    ...(perDirection > 1 && { Y_c: state(1) }),
  }
  return { outputs, fused: fusedCounts(backend).recurrentVariantForward?.fused ?? 0 }
}

/** `[first, second, size]` as `[second, first, size]`. */
function swapped({ data, shape: [first = 0, second = 0, size = 0] }: HostArray): HostArray {
  const at = (i: number): number => {
    const [row, column] = [Math.floor(i / size), i % size]
    return data[((row % first) * second + Math.floor(row / first)) * size + column] ?? NaN
  }
  return { data: Float32Array.from(data, (_, i) => at(i)), shape: [second, first, size] }
}

const folder = sharedFolder('vectors/onnx-node')

const NODE_TESTS = ['simple_rnn', 'gru', 'lstm']
  .flatMap((name) => ['defaults', 'with_initial_bias', 'batchwise'].map((ending) => `${name}_${ending}`))
  .concat(['rnn_seq_length', 'gru_seq_length', 'lstm_with_peepholes'])

describe.skipIf(folder === undefined)('the node tests of the standard', () => {
  test.each(NODE_TESTS)('%s', async (name) => {
    const at = join(folder ?? '', `test_${name}`)
    const node = readNode(readFileSync(join(at, 'model.onnx')))
    const read = (kind: string): Record<string, HostArray> => {
      const files = Array.from({ length: 9 }, (_, i) => join(at, 'test_data_set_0', `${kind}_${i}.pb`))
      return Object.fromEntries(files.filter((file) => existsSync(file)).map((file) => readTensor(readFileSync(file))))
    }
    const { outputs: found } = await ours(node, read('input') as unknown as Feeds)
    const expected = Object.entries(read('output'))
    expect(expected.length).toBeGreaterThan(0)
    for (const [output, { data }] of expected) expectClose(output, found[output] ?? [], [...data])
  })
})

// ─── ONNX Runtime ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const [T, B, I, H] = [5, 3, 4, 6]

const GATE_COUNT: Readonly<Record<string, number>> = { LSTM: 4, GRU: 3, RNN: 1 }

const twice = (...names: string[]): string[] => [...names, ...names]

/** An operator with its attributes. */
interface Variant {
  readonly title: string
  readonly op: string
  readonly attributes?: OnnxNode['attributes']
  /** Of one direction. */
  readonly activations?: readonly string[]
  readonly peepholes?: boolean
  /** That it runs as one op, and not step by step. */
  readonly fused?: boolean
}

const RESET_AFTER = { linear_before_reset: 1 }

const VARIANTS: readonly Variant[] = [
  { title: 'LSTM', op: 'LSTM' },
  { title: 'LSTM with peepholes', op: 'LSTM', peepholes: true, fused: true },
  { title: 'LSTM with coupled gates', op: 'LSTM', attributes: { input_forget: 1 }, fused: true },
  {
    title: 'LSTM with coupled gates and peepholes',
    op: 'LSTM',
    attributes: { input_forget: 1 },
    peepholes: true,
    fused: true,
  },
  { title: 'LSTM with hard sigmoid', op: 'LSTM', activations: ['HardSigmoid', 'Tanh', 'Tanh'], fused: true },
  { title: 'LSTM with relu', op: 'LSTM', activations: ['Sigmoid', 'Relu', 'Relu'] },
  { title: 'LSTM with softplus', op: 'LSTM', activations: ['Sigmoid', 'Softplus', 'Softplus'] },
  { title: 'LSTM, clipped', op: 'LSTM', attributes: { clip: 0.3 } },
  { title: 'LSTM with peepholes, clipped', op: 'LSTM', attributes: { clip: 0.3 }, peepholes: true },
  {
    title: 'LSTM with coupled gates and hard sigmoid, clipped',
    op: 'LSTM',
    attributes: { clip: 0.4, input_forget: 1 },
    activations: ['HardSigmoid', 'Tanh', 'Tanh'],
  },
  { title: 'GRU, reset before', op: 'GRU', fused: true },
  { title: 'GRU, reset after', op: 'GRU', attributes: RESET_AFTER },
  { title: 'GRU, reset before, clipped', op: 'GRU', attributes: { clip: 0.3 } },
  { title: 'GRU, reset after, clipped', op: 'GRU', attributes: { ...RESET_AFTER, clip: 0.3 } },
  { title: 'GRU, reset before, with hard sigmoid and relu', op: 'GRU', activations: ['HardSigmoid', 'Relu'] },
  {
    title: 'GRU, reset after, with softplus',
    op: 'GRU',
    attributes: RESET_AFTER,
    activations: ['Sigmoid', 'Softplus'],
  },
  { title: 'RNN', op: 'RNN' },
  { title: 'RNN with relu', op: 'RNN', activations: ['Relu'] },
  { title: 'RNN with sigmoid', op: 'RNN', activations: ['Sigmoid'] },
  { title: 'RNN, clipped', op: 'RNN', attributes: { clip: 0.3 } },
]

const WAYS: readonly (readonly [title: string, direction: string, lengths: boolean, states: boolean])[] = [
  ['forward', 'forward', false, false],
  ['in reverse, ragged', 'reverse', true, false],
  ['in both directions, ragged, with initial states', 'bidirectional', true, true],
]

describe('ONNX Runtime gives what we give', () => {
  const asked = new Map<string, OrtOutputs>()
  afterAll(() => {
    if (onnxRuntime !== undefined && process.env['RNN_RECORD'] === '1') writeRecord(asked)
  })

  describe.each(VARIANTS)('$title', ({ title: variant, op, attributes, activations, peepholes, fused }) => {
    test.each(WAYS)('%s', async (way, direction, ragged, withStates) => {
      const count = direction === 'bidirectional' ? 2 : 1
      const rows = (GATE_COUNT[op] ?? 0) * H
      const seeded = (seed: number, ...shape: number[]): HostArray => {
        const { data } = waves(seed + shape.reduce((a, b) => a * b, 1))
        return { data: data.slice(seed), shape }
      }
      const feeds: Feeds = {
        X: seeded(1, T, B, I),
        W: seeded(2, count, rows, I),
        R: seeded(3, count, rows, H),
        B: seeded(4, count, 2 * rows),
        ...(ragged && { sequence_lens: { data: Int32Array.of(3, T, 1), shape: [B] } }),
        ...(withStates && { initial_h: seeded(5, count, B, H) }),
        ...(withStates && op === 'LSTM' && { initial_c: seeded(6, count, B, H) }),
        ...(peepholes && { P: seeded(7, count, 3 * H) }),
      }
      const names = ['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h', ...(op === 'LSTM' ? ['initial_c', 'P'] : [])]
      const node: OnnxNode = {
        op,
        inputs: names.map((name) => (Object.hasOwn(feeds, name) ? name : '')),
        outputs: ['Y', 'Y_h', ...(op === 'LSTM' ? ['Y_c'] : [])],
        attributes: {
          ...attributes,
          hidden_size: H,
          direction,
          ...(activations && { activations: count === 2 ? twice(...activations) : activations }),
        },
      }
      const title = `${variant}, ${way}`
      if (onnxRuntime !== undefined) asked.set(title, await runOnnx(onnxRuntime, writeModel(node, feeds), feeds))
      // What is recorded is held to the same, also where the runtime can be asked: it must not have grown old.
      const told = process.env['RNN_RECORD'] === '1' ? undefined : recorded(title)
      const answers = [told, asked.get(title)].filter((each) => each !== undefined)
      for (const answer of answers) expect(Object.keys(answer).length).toBe(op === 'LSTM' ? 3 : 2)
      const { outputs: found, fused: runs } = await ours(node, feeds)
      expect(runs).toBe(fused ? count : 0)
      // The runtime's tanh and sigmoid are rational functions with errors of 1e-6, carried on for five steps: 1e-5 of values around 1.
      for (const [name, values] of answers.flatMap((answer) => Object.entries(answer)))
        expectClose(name, found[name] ?? [], [...values], 1)
    })
  })
})
