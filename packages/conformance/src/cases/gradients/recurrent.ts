// Gradients of the fused ops and of the scan: against PyTorch, against the reference, and for a cell of the user's own.

import { valueAndGrad } from '@rnn/autodiff'
import {
  add,
  concat,
  defineCell,
  detach,
  glorotUniform,
  layerNorm,
  linear,
  linearScan,
  mul,
  orthogonal,
  reshape,
  scan,
  scope,
  sigmoid,
  slice,
  softmaxCrossEntropy,
  split,
  sub,
  sum,
  tanh,
  zeroInitializer,
  type Backend,
  type Cell,
  type RecurrentKind,
  type Tensor,
} from '@rnn/core'
import { caseOf, type CaseContext, type ConformanceCase } from '../../case.ts'
import { compare, relativeToLargest } from '../../check.ts'
import { gradientCases } from '../../gradients.ts'
import { hostTensor } from '../../host-tensor.ts'
import { CROSS_ENTROPY_ORACLES } from '../../oracles/cross-entropy.ts'
import { LAYER_NORM_ORACLES } from '../../oracles/layer-norm.ts'
import { LINEAR_SCAN_ORACLES } from '../../oracles/linear-scan.ts'
import { oracleValues, type ExpectedValues } from '../../oracles/oracle.ts'
import { RECURRENT_ORACLES } from '../../oracles/recurrent.ts'
import { compositesOf, input, inputOf, upload, uploadAll, type Inputs } from '../../programs.ts'
import { chain } from '../../tolerances.ts'
import { CELLS, CROSS_ENTROPY_INPUTS, layerNormInputs, recurrentInputs, sequenceLength } from '../fused/oracle-cases.ts'

// ─── Against PyTorch ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A program whose loss is Σ output·weights, the weights by these seeds; gradients are called `gradX` for a parameter `x`. */
interface OracleProgram {
  readonly oracle: { readonly name: string; readonly expected: ExpectedValues }
  readonly parameters: Inputs
  readonly seed: number
  readonly roundings: number
  readonly run: (parameters: Readonly<Record<string, Tensor>>, backend: Backend) => readonly Tensor[]
}

async function checkGradients(context: CaseContext, backend: Backend, program: OracleProgram): Promise<void> {
  const { oracle, parameters, seed, roundings, run } = program
  const gradients = scope(backend, () => {
    const loss = (watched: Readonly<Record<string, Tensor>>): Tensor =>
      run(watched, backend)
        .map((output, i) => sum(mul(output, upload(backend, input(output.shape, seed + i, 1)))))
        .reduce((total, each) => add(total, each))
    return valueAndGrad(loss)(uploadAll(backend, parameters)).gradients
  })
  try {
    for (const [name, gradient] of Object.entries(gradients)) {
      const key = `grad${name[0]!.toUpperCase()}${name.slice(1)}`
      if (!(key in oracle.expected)) continue
      const expected = hostTensor(gradient.shape, oracleValues(oracle, key))
      context.note(compare(key, await gradient.data(), expected, relativeToLargest(expected, chain(roundings))))
    }
  } finally {
    for (const gradient of Object.values(gradients)) gradient.dispose()
  }
}

function oracleGradients(id: string, title: string, program: () => OracleProgram): ConformanceCase[] {
  return [
    caseOf(id, `${title}, against PyTorch`, (context) => checkGradients(context, context.backend, program())),
    caseOf(`${id}-composite`, `${title}, as a composite, against PyTorch`, (context) =>
      checkGradients(context, compositesOf(context.backend), program()),
    ),
  ]
}

const oracleCases: readonly ConformanceCase[] = [
  ...RECURRENT_ORACLES.flatMap((oracle) =>
    oracleGradients(`gradients/${oracle.cell}/${oracle.name}`, `all gradients of a ${oracle.cell} sequence`, () => {
      const { x, parameters, initial, lengths, hiddenMask } = recurrentInputs(oracle)
      return {
        oracle,
        parameters: { x, ...parameters, ...initial },
        seed: oracle.seed + 20,
        roundings: 2 * sequenceLength(oracle),
        run: ({ x, ...rest }, backend) => {
          const states = Object.keys(initial).map((name) => rest[name]!)
          const { sequence, final } = scan(CELLS[oracle.cell], x!, rest, {
            units: oracle.units,
            reverse: oracle.reverse,
            ...(states.length > 0 && { initial: states }),
            ...(lengths && { lengths: upload(backend, lengths) }),
            ...(hiddenMask && { hiddenMask: upload(backend, hiddenMask) }),
          })
          return [sequence, ...final]
        },
      }
    }),
  ),
  ...LINEAR_SCAN_ORACLES.flatMap((oracle) =>
    oracleGradients(`gradients/linearScan/${oracle.name}`, 'all gradients of a linear recurrence', () => {
      const [batch = 0, time = 0, units = 0] = oracle.shape
      const initial = oracle.initial ? { initial: input([batch, units], 53, 1) } : {}
      return {
        oracle,
        parameters: { a: input(oracle.shape, 51), b: input(oracle.shape, 52), ...initial },
        seed: 54,
        roundings: 4 * time,
        run: ({ a, b, initial }) => [linearScan(a!, b!, { reverse: oracle.reverse, ...(initial && { initial }) })],
      }
    }),
  ),
  ...CROSS_ENTROPY_ORACLES.flatMap((oracle) =>
    oracleGradients(`gradients/crossEntropy/${oracle.name}`, 'the gradient of cross-entropy', () => ({
      oracle,
      parameters: { logits: CROSS_ENTROPY_INPUTS.logits },
      seed: 63,
      roundings: 7,
      run: ({ logits }, backend) => [
        softmaxCrossEntropy(logits!, upload(backend, inputOf([5], oracle.labels, 'int32')), {
          labelSmoothing: oracle.smoothing,
          ...(oracle.weighted && { classWeights: upload(backend, CROSS_ENTROPY_INPUTS.weights) }),
        }),
      ],
    })),
  ),
  ...LAYER_NORM_ORACLES.flatMap((oracle) =>
    oracleGradients(`gradients/layerNorm/${oracle.name}`, 'all gradients of layer norm', () => ({
      oracle,
      parameters: layerNormInputs(oracle),
      seed: 74,
      roundings: oracle.shape.at(-1)! + (2 * oracle.shift) ** 2,
      run: ({ x, gain, bias }) => [layerNorm(x!, { gain, bias, epsilon: 2 ** -16 })],
    })),
  ),
]

// ─── Against the reference ──────────────────────────────────────────────────────────────────────────────────────────────────

const KINDS: readonly RecurrentKind[] = ['simpleTanh', 'simpleRelu', 'lstm', 'gru']
const [BATCH, TIME, INPUTS, UNITS] = [3, 4, 2, 3]

function parametersOf(kind: RecurrentKind, seed: number): Inputs {
  const width = CELLS[kind].gates * UNITS
  return {
    kernel: input([INPUTS, width], seed),
    recurrent: input([UNITS, width], seed + 1, 1),
    bias: input([width], seed + 2),
    ...(kind === 'gru' && { recurrentBias: input([width], seed + 3) }),
  }
}

const stateInputs = (kind: RecurrentKind): Inputs => ({
  hidden: input([BATCH, UNITS], 91, 1),
  ...(kind === 'lstm' && { cell: input([BATCH, UNITS], 92, 1) }),
})

const lengths = inputOf([BATCH], [2, 4, 0], 'int32')
const hiddenMask = inputOf([BATCH, UNITS], [2, 0, 2, 0, 2, 2, 2, 2, 0])

const scanCases: readonly ConformanceCase[] = KINDS.flatMap((kind) => [
  ...gradientCases(
    `gradients/${kind}/ragged-reverse`,
    `a ragged, reversed ${kind} sequence with mask and initial state`,
    {
      parameters: { x: input([BATCH, TIME, INPUTS], 93), ...parametersOf(kind, 94), ...stateInputs(kind) } as Inputs,
      constants: { lengths, hiddenMask },
      composite: true,
      roundings: 2 * TIME * (INPUTS + UNITS + 10),
      run: ({ x, hidden, cell, ...parameters }, constants) => {
        const { sequence, final } = scan(CELLS[kind], x!, parameters as Readonly<Record<string, Tensor>>, {
          units: UNITS,
          initial: cell ? [hidden!, cell] : [hidden!],
          lengths: constants.lengths,
          hiddenMask: constants.hiddenMask,
          reverse: true,
        })
        return [sequence, ...final]
      },
    },
  ),
  ...gradientCases(`gradients/${kind}/time-major`, `a time-major ${kind} sequence`, {
    parameters: { x: input([TIME, BATCH, INPUTS], 95), ...parametersOf(kind, 96) },
    composite: true,
    roundings: 2 * TIME * (INPUTS + UNITS + 10),
    run: ({ x, ...parameters }) =>
      scan(CELLS[kind], x!, parameters as Readonly<Record<string, Tensor>>, { units: UNITS, timeMajor: true }).sequence,
  }),
  ...gradientCases(`gradients/${kind}/final-only`, `the final state of a ${kind} sequence alone`, {
    parameters: { x: input([BATCH, TIME, INPUTS], 97), ...parametersOf(kind, 98) },
    constants: { lengths },
    composite: true,
    roundings: 2 * TIME * (INPUTS + UNITS + 10),
    run: ({ x, ...parameters }, constants) =>
      scan(CELLS[kind], x!, parameters as Readonly<Record<string, Tensor>>, {
        units: UNITS,
        lengths: constants.lengths,
      }).final,
  }),
  ...gradientCases(`gradients/${kind}/bidirectional`, `two ${kind} sequences side by side, and a layer above`, {
    parameters: {
      x: input([2, TIME, INPUTS], 99),
      ...parametersOf(kind, 100),
      ...Object.fromEntries(Object.entries(parametersOf(kind, 110)).map(([name, value]) => [`back-${name}`, value])),
      out: input([2 * UNITS, 2], 120),
    },
    composite: true,
    roundings: 2 * TIME * (INPUTS + UNITS + 10),
    run: ({ x, out, ...all }) => {
      const entries = Object.entries(all as Readonly<Record<string, Tensor>>)
      const forward = Object.fromEntries(entries.filter(([name]) => !name.startsWith('back-')))
      const backward = Object.fromEntries(
        entries.flatMap(([name, value]) => (name.startsWith('back-') ? [[name.slice(5), value]] : [])),
      )
      const cell = CELLS[kind]
      const both = [
        scan(cell, x!, forward, { units: UNITS }),
        scan(cell, x!, backward, { units: UNITS, reverse: true }),
      ]
      return linear(concat(both.map(({ sequence }) => sequence)), out!)
    },
  }),
  ...gradientCases(`gradients/${kind}/truncated`, `truncated backpropagation: detach cuts a ${kind} sequence in two`, {
    parameters: { x: input([2, TIME, INPUTS], 121), ...parametersOf(kind, 122) },
    composite: true,
    differences: false, // the cut is what the derivative ignores
    roundings: 2 * TIME * (INPUTS + UNITS + 10),
    run: ({ x, ...parameters }) => {
      const all = parameters as Readonly<Record<string, Tensor>>
      const first = scan(CELLS[kind], slice(x!, 1, 0, 2), all, { units: UNITS })
      const second = scan(CELLS[kind], slice(x!, 1, 2, 2), all, {
        units: UNITS,
        initial: first.final.map((each) => detach(each)),
      })
      return [first.sequence, second.sequence]
    },
  }),
])

/** A cell of a user's own: two states, one narrower than the other, and no `project`. */
const userCell: Cell<'kernel' | 'recurrent' | 'gate', readonly [h: Tensor, m: Tensor]> = defineCell<
  'kernel' | 'recurrent' | 'gate',
  readonly [h: Tensor, m: Tensor]
>({
  kind: 'conformanceUserCell',
  gates: 1,
  stateSizes: (units) => [units, 1],
  parameters: (inputSize, units) => ({
    kernel: { shape: [inputSize, units], initializer: glorotUniform },
    recurrent: { shape: [units, units], initializer: orthogonal },
    gate: { shape: [units, 1], initializer: zeroInitializer },
  }),
  step(x, [h, m], { kernel, recurrent, gate }, fed) {
    const open = sigmoid(add(linear(h, gate), m))
    const next = tanh(add(linear(x, kernel), linear(fed, recurrent)))
    return [add(mul(open, next), mul(sub(1, open), h)), add(mul(m, 0.5), open)]
  },
})

const userCases: readonly ConformanceCase[] = [
  ...gradientCases('gradients/scan/user-cell', 'a cell of the user trains through the generic scan', {
    parameters: {
      x: input([2, 5, INPUTS], 131),
      kernel: input([INPUTS, UNITS], 132),
      recurrent: input([UNITS, UNITS], 133, 1),
      gate: input([UNITS, 1], 134),
    },
    roundings: 2 * 5 * (INPUTS + UNITS + 20),
    run: ({ x, ...parameters }) => {
      const { sequence, final } = scan(userCell as unknown as Cell, x, parameters, { units: UNITS })
      return [sequence, ...final]
    },
  }),
  ...gradientCases(
    'gradients/scan/user-cell-ragged',
    'a cell of the user with lengths, reversed, with an initial state and a mask',
    {
      parameters: {
        x: input([BATCH, TIME, INPUTS], 135),
        kernel: input([INPUTS, UNITS], 136),
        recurrent: input([UNITS, UNITS], 137, 1),
        gate: input([UNITS, 1], 138),
        hidden: input([BATCH, UNITS], 139),
        memory: input([BATCH, 1], 140),
      },
      constants: { lengths, hiddenMask },
      roundings: 2 * TIME * (INPUTS + UNITS + 20),
      run: ({ x, hidden, memory, ...parameters }, constants) => {
        const options = {
          units: UNITS,
          initial: [hidden, memory],
          lengths: constants.lengths,
          hiddenMask: constants.hiddenMask,
          reverse: true,
        }
        const { sequence, final } = scan(userCell as unknown as Cell, x, parameters, options)
        return [sequence, ...final]
      },
    },
  ),
  ...gradientCases('gradients/scan/stacked', 'LSTM over GRU over a projection', {
    parameters: {
      x: input([2, TIME, INPUTS], 141),
      ...Object.fromEntries(Object.entries(parametersOf('gru', 142)).map(([name, value]) => [`gru-${name}`, value])),
      kernel: input([UNITS, 4 * UNITS], 146),
      recurrent: input([UNITS, 4 * UNITS], 147, 1),
      bias: input([4 * UNITS], 148),
    },
    composite: true,
    roundings: 4 * TIME * (2 * UNITS + 10),
    run: ({ x, kernel, recurrent, bias, ...rest }) => {
      const gru = Object.fromEntries(
        Object.entries(rest as Readonly<Record<string, Tensor>>).map(([name, value]) => [name.slice(4), value]),
      )
      const lower = scan(CELLS.gru, x!, gru, { units: UNITS }).sequence
      const gates = { kernel: kernel!, recurrent: recurrent!, bias: bias! }
      const [h, c] = split(scan(CELLS.lstm, lower, gates, { units: UNITS }).sequence, [1, 2])
      return [reshape(h!, [-1]), c!]
    },
  }),
]

export const recurrentGradients: readonly ConformanceCase[] = [...oracleCases, ...scanCases, ...userCases]
