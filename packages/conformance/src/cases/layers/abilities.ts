// What recurrent layers can do whatever their cell: zoneout, stacks of different kinds, states that stay between calls.

import { lstmCell, scan, type Backend, type Cell, type Tensor } from '@rnn/core'
import { bidirectional, gru, lstm, minGru, minLstm, resetStates, simpleRnn, stacked } from '@rnn/layers'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compare, compareBits, relativeToLargest } from '../../check.ts'
import { gradientCases } from '../../gradients.ts'
import { hostTensor } from '../../host-tensor.ts'
import { input, inputOf } from '../../programs.ts'
import { chain } from '../../tolerances.ts'
import { layerCases } from './layer-case.ts'

const [BATCH, TIME, FEATURES, UNITS] = [4, 5, 3, 4]
const x = input([BATCH, TIME, FEATURES], 211)
const lengths = inputOf([BATCH], [3, 5, 1, 0], 'int32')
const PATH = 2 * TIME * (FEATURES + UNITS + 12)
const base = { units: UNITS, inputSize: FEATURES }

const maskOf = (step: number): ReturnType<typeof inputOf> =>
  inputOf(
    [BATCH, TIME, UNITS],
    Array.from({ length: BATCH * TIME * UNITS }, (_, i) => ((i * step) % 7 < 3 ? 1 : 0)),
    'bool',
  )

const zoneoutCases = [
  ...layerCases('layers/zoneout/lstm-training', 'zoneout of both states of ragged rows, the same masks everywhere', {
    make: () => lstm({ ...base, zoneout: 0.4, cellZoneout: 0.25 }),
    x,
    lengths,
    training: true,
    roundings: PATH,
  }),
  ...layerCases('layers/zoneout/lstm-inference', 'the expected share of both states, backward', {
    make: () => lstm({ ...base, zoneout: 0.4, cellZoneout: 0.25, direction: 'backward' }),
    x,
    lengths,
    roundings: PATH,
  }),
  ...layerCases('layers/zoneout/minGru-training', 'zoneout of a cell that computes all steps at once', {
    make: () => minGru({ ...base, zoneout: 0.4 }),
    x,
    lengths,
    training: true,
    roundings: PATH,
  }),
  ...gradientCases(
    'gradients/lstm/zoneout',
    'an LSTM sequence whose hidden state zones out, and half of whose cell state stays',
    {
      parameters: {
        x,
        kernel: input([FEATURES, 4 * UNITS], 212),
        recurrent: input([UNITS, 4 * UNITS], 213, 1),
        bias: input([4 * UNITS], 214),
      },
      constants: { lengths, kept: maskOf(5) },
      roundings: PATH,
      run: ({ x: given, ...parameters }, { kept, lengths: rows }) => {
        const { sequence, final } = scan(
          lstmCell as unknown as Cell,
          given,
          parameters as Readonly<Record<string, Tensor>>,
          {
            units: UNITS,
            lengths: rows,
            zoneout: [kept, 0.5],
          },
        )
        return [sequence, ...final]
      },
    },
  ),
]

const stackedCases = [
  ...layerCases('layers/stacked/mixed', 'an LSTM below a minGRU below a GRU, with dropout, in training', {
    make: () =>
      stacked(
        lstm({ ...base, dropout: 0.5 }),
        minGru({ units: UNITS, dropout: 0.25 }),
        gru({ units: UNITS, recurrentDropout: 0.25 }),
      ),
    x,
    lengths,
    training: true,
    roundings: 3 * PATH,
  }),
  ...layerCases('layers/stacked/bidirectional', 'both directions of a GRU below a simple network', {
    make: () => bidirectional(stacked(gru(base), simpleRnn({ units: UNITS, returns: 'last' }))),
    x,
    lengths,
    roundings: 2 * PATH,
  }),
]

/** The steps `from … from + count` of x. */
function piece(from: number, count: number): { inputs: { data: Float32Array; shape: readonly number[] } } {
  const data = Array.from({ length: BATCH }, (_, row) =>
    x.values.slice((row * TIME + from) * FEATURES, (row * TIME + from + count) * FEATURES),
  )
  return { inputs: { data: Float32Array.from(data.flatMap((each) => [...each])), shape: [BATCH, count, FEATURES] } }
}

async function goesOn(backend: Backend, note: (ratio: number) => void): Promise<void> {
  const model = stacked(lstm({ ...base, statefulRows: BATCH }), minGru({ units: UNITS, statefulRows: BATCH }))
  await model.init(backend, { seed: 7 })
  const whole = await model.predict(piece(0, TIME))
  resetStates(model)
  await backend.sync()
  const before = backend.stats().liveBuffers
  const first = await model.predict(piece(0, 2))
  const second = await model.predict(piece(2, TIME - 2))
  const rows = Array.from({ length: BATCH }, (_, row) => [
    ...first.data.slice(row * 2 * UNITS, (row + 1) * 2 * UNITS),
    ...second.data.slice(row * UNITS * (TIME - 2), (row + 1) * UNITS * (TIME - 2)),
  ])
  const due = hostTensor(whole.shape, whole.data)
  note(compare('the pieces', Float64Array.from(rows.flat()), due, relativeToLargest(due, chain(2 * PATH))))
  resetStates(model)
  compareBits('the first piece after reset', (await model.predict(piece(0, 2))).data, first.data)
  await backend.sync()
  check(backend.stats().liveBuffers === before, `calls left ${backend.stats().liveBuffers - before} buffers`)
  model.dispose()
}

/** A stream of single steps gives what the layer gives for the whole sequence, all of whose steps it computes at once. */
async function streams(backend: Backend, note: (ratio: number) => void): Promise<void> {
  const model = stacked(minGru(base), minLstm({ units: UNITS, zoneout: 0.25 }))
  await model.init(backend, { seed: 7 })
  const whole = await model.predict(piece(0, TIME))
  using stream = model.stepper({ shape: [BATCH, 1, FEATURES] })
  const steps: Float32Array[] = []
  for (let t = 0; t < TIME; t++) steps.push(await stream.stepAsync(piece(t, 1).inputs.data))
  const got = whole.data.map((_, i) => {
    const [row, t, unit] = [Math.floor(i / (TIME * UNITS)), Math.floor(i / UNITS) % TIME, i % UNITS]
    return steps[t]?.[row * UNITS + unit] ?? NaN
  })
  const due = hostTensor(whole.shape, whole.data)
  note(compare('the steps', Float64Array.from(got), due, relativeToLargest(due, chain(2 * PATH))))
  model.dispose()
}

/** Zoneout, stacks, stateful layers, streams. */
export const recurrentAbilities: readonly ConformanceCase[] = [
  ...zoneoutCases,
  ...stackedCases,
  caseOf(
    'layers/stateful/pieces',
    'a stateful layer gives for the pieces of a sequence what it gives for the whole',
    ({ backend, note }) => goesOn(backend, note),
  ),
  caseOf(
    'layers/linear-cells/stream',
    'layers that compute all steps at once give the same when streamed',
    ({ backend, note }) => streams(backend, note),
  ),
]
