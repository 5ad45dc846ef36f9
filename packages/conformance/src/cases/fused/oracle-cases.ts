// Whole ops of core against PyTorch's float64 values: once as the backend runs them, once as core's composites.

import {
  adamStep,
  copy,
  gruCell,
  layerNorm,
  linearScan,
  lstmCell,
  rmspropStep,
  scan,
  sgdStep,
  simpleCell,
  simpleReluCell,
  softmaxCrossEntropy,
  stack,
  zeros,
  type Backend,
  type Cell,
  type RecurrentKind,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { caseOf, type CaseContext, type ConformanceCase } from '../../case.ts'
import { compare, relativeToLargest } from '../../check.ts'
import { hostTensor } from '../../host-tensor.ts'
import { CROSS_ENTROPY_ORACLES } from '../../oracles/cross-entropy.ts'
import { LAYER_NORM_ORACLES } from '../../oracles/layer-norm.ts'
import { LINEAR_SCAN_ORACLES } from '../../oracles/linear-scan.ts'
import { OPTIMIZER_ORACLES } from '../../oracles/optimizers.ts'
import { oracleValues, type ExpectedValues, type RecurrentOracle } from '../../oracles/oracle.ts'
import { RECURRENT_ORACLES } from '../../oracles/recurrent.ts'
import { compositesOf, input, inputOf, resultsOf, upload, uploadAll, type Input } from '../../programs.ts'
import { chain } from '../../tolerances.ts'

/** The cell of each kind. */
export const CELLS: Readonly<Record<RecurrentKind, Cell>> = {
  simpleTanh: simpleCell as Cell,
  simpleRelu: simpleReluCell as Cell,
  lstm: lstmCell as Cell,
  gru: gruCell as Cell,
}

/** The inputs of a recurrent oracle, by the seeds of scripts/make-oracles.py. */
export function recurrentInputs(oracle: RecurrentOracle): {
  readonly parameters: Readonly<Record<string, Input>>
  readonly x: Input
  readonly initial: Readonly<Record<string, Input>>
  readonly lengths?: Input
  readonly hiddenMask?: Input
} {
  const { cell, batch, time, inputs, units, scale, seed, lengths } = oracle
  const width = CELLS[cell].gates * units
  const state: Shape = [batch, units]
  const mask = input(state, seed + 7, 1)
  return {
    x: input([batch, time, inputs], seed, 2),
    parameters: {
      kernel: input([inputs, width], seed + 1, 1),
      recurrent: input([units, width], seed + 2, scale),
      bias: input([width], seed + 3, 1),
      ...(cell === 'gru' && { recurrentBias: input([width], seed + 4, 1) }),
    },
    initial: {
      ...(oracle.initial && { initialHidden: input(state, seed + 5, 1) }),
      ...(oracle.initial && cell === 'lstm' && { initialCell: input(state, seed + 6, 1) }),
    },
    ...(lengths && { lengths: inputOf([batch], lengths, 'int32') }),
    ...(oracle.mask && { hiddenMask: { ...mask, values: mask.values.map((x) => (x < 0 ? 0 : 2)) } }),
  }
}

/** Roundings on the longest path of a sequence: what each step adds up, times the steps. */
export function sequenceLength({ time, inputs, units }: RecurrentOracle): number {
  return time * (inputs + units + 10)
}

type Outputs = (backend: Backend) => readonly (readonly [name: string, value: Tensor])[]

/** Two cases: as the backend runs it, and as core's composite on the same backend. */
function bothWays(
  id: string,
  title: string,
  oracle: { readonly name: string; readonly expected: ExpectedValues },
  roundings: number,
  outputs: Outputs,
): ConformanceCase[] {
  const run = async (context: CaseContext, backend: Backend): Promise<void> => {
    const names: string[] = []
    const results = await resultsOf(backend, () => {
      const named = outputs(backend)
      names.push(...named.map(([name]) => name))
      return named.map(([, value]) => value)
    })
    results.forEach(({ shape, values }, i) => {
      const expected = hostTensor(shape, oracleValues(oracle, names[i]!))
      context.note(compare(names[i]!, values, expected, relativeToLargest(expected, chain(roundings))))
    })
  }
  return [
    caseOf(id, `${title}, against PyTorch`, (context) => run(context, context.backend)),
    caseOf(`${id}-composite`, `${title}, as a composite, against PyTorch`, (context) =>
      run(context, compositesOf(context.backend)),
    ),
  ]
}

const recurrentCases = RECURRENT_ORACLES.flatMap((oracle) =>
  bothWays(
    `fused/${oracle.cell}/${oracle.name}`,
    `a ${oracle.cell} sequence`,
    oracle,
    sequenceLength(oracle),
    (backend) => {
      const inputs = recurrentInputs(oracle)
      const { sequence, final } = scan(
        CELLS[oracle.cell],
        upload(backend, inputs.x),
        uploadAll(backend, inputs.parameters),
        {
          units: oracle.units,
          reverse: oracle.reverse,
          ...(oracle.initial && { initial: Object.values(uploadAll(backend, inputs.initial)) }),
          ...(inputs.lengths && { lengths: upload(backend, inputs.lengths) }),
          ...(inputs.hiddenMask && { hiddenMask: upload(backend, inputs.hiddenMask) }),
        },
      )
      const [hidden, cell] = final
      return [['sequence', sequence], ['finalHidden', hidden!], ...(cell ? [['finalCell', cell] as const] : [])]
    },
  ),
)

const scanCases = LINEAR_SCAN_ORACLES.flatMap((oracle) =>
  bothWays(`fused/linearScan/${oracle.name}`, 'a linear recurrence', oracle, 2 * oracle.shape[1]!, (backend) => {
    const [batch = 0, , units = 0] = oracle.shape
    const initial = oracle.initial ? { initial: upload(backend, input([batch, units], 53, 1)) } : {}
    const [a, b] = [upload(backend, input(oracle.shape, 51)), upload(backend, input(oracle.shape, 52))]
    return [['h', linearScan(a, b, { reverse: oracle.reverse, ...initial })]]
  }),
)

/** The inputs of a cross-entropy oracle. */
export const CROSS_ENTROPY_INPUTS: { readonly logits: Input; readonly weights: Input } = {
  logits: input([5, 7], 61, 8),
  weights: inputOf(
    [7],
    input([7], 62, 1).values.map((x) => x + 1.25),
  ),
}

const lossCases = CROSS_ENTROPY_ORACLES.flatMap((oracle) =>
  bothWays(`fused/crossEntropy/${oracle.name}`, 'cross-entropy', oracle, 7, (backend) => [
    [
      'loss',
      softmaxCrossEntropy(
        upload(backend, CROSS_ENTROPY_INPUTS.logits),
        upload(backend, inputOf([5], oracle.labels, 'int32')),
        {
          labelSmoothing: oracle.smoothing,
          ...(oracle.weighted && { classWeights: upload(backend, CROSS_ENTROPY_INPUTS.weights) }),
        },
      ),
    ],
  ]),
)

/** The inputs of a layer norm oracle. */
export function layerNormInputs({
  shape,
  shift,
}: {
  readonly shape: Shape
  readonly shift: number
}): Record<'x' | 'gain' | 'bias', Input> {
  const width = [shape.at(-1)!]
  return {
    x: inputOf(
      shape,
      input(shape, 71).values.map((x) => x + shift),
    ),
    gain: input(width, 72),
    bias: input(width, 73),
  }
}

// Values around `shift` lose as many digits as it is larger than their spread: count it as that many more terms, squared.
const normCases = LAYER_NORM_ORACLES.flatMap((oracle) =>
  bothWays(
    `fused/layerNorm/${oracle.name}`,
    'layer norm',
    oracle,
    oracle.shape.at(-1)! + (2 * oracle.shift) ** 2,
    (backend) => {
      const { x, gain, bias } = uploadAll(backend, layerNormInputs(oracle))
      return [['y', layerNorm(x, { gain, bias, epsilon: 2 ** -16 })]]
    },
  ),
)

const LEARNING_RATE = 2 ** -5
const WEIGHT_DECAY = 2 ** -5

/** Five steps in place, with a gradient of its own each. */
function trajectory(name: string, backend: Backend): Tensor[] {
  const shape = [9]
  const parameter = upload(backend, input(shape, 81))
  const state = (): Tensor => zeros(shape, { backend })
  const [first, second, third] = [state(), state(), state()]
  return Array.from({ length: 5 }, (_, t) => {
    const gradient = upload(backend, input(shape, 90 + t))
    const schedule = upload(backend, inputOf([1], [LEARNING_RATE]))
    const inputs = [gradient, schedule, null] as const
    const decay = name.endsWith('decay') || name === 'adamw' ? WEIGHT_DECAY : 0
    if (name.startsWith('sgd')) {
      const momentum = name === 'sgd-plain' ? 0 : 0.9
      sgdStep(inputs, [parameter, momentum === 0 ? null : first], {
        momentum,
        nesterov: name.includes('nesterov'),
        weightDecay: decay,
      })
    } else if (name.startsWith('rmsprop')) {
      const centred = name.includes('centred')
      const outputs = [parameter, first, centred ? second : null, centred ? third : null] as const
      rmspropStep(inputs, outputs, { decay: 0.9, epsilon: 1e-7, momentum: centred ? 0.5 : 0, weightDecay: 0 })
    } else {
      const corrections = upload(backend, inputOf([3], [LEARNING_RATE, 1 - 0.9 ** (t + 1), 1 - 0.999 ** (t + 1)]))
      const attributes = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: decay, decoupled: name === 'adamw' }
      adamStep([gradient, corrections, null], [parameter, first, second], attributes)
    }
    // The step changes the parameter in place: keep a copy of each.
    return copy(parameter)
  })
}

const optimizerCases = OPTIMIZER_ORACLES.flatMap((oracle) =>
  bothWays(
    `fused/${oracle.name.startsWith('adam') ? 'adam' : oracle.name.split('-')[0]}/oracle-${oracle.name}`,
    `five steps of ${oracle.name}`,
    oracle,
    5 * 12,
    (backend) => [['trajectory', stack(trajectory(oracle.name, backend))]],
  ),
)

export const oracleCases: readonly ConformanceCase[] = [
  ...recurrentCases,
  ...scanCases,
  ...lossCases,
  ...normCases,
  ...optimizerCases,
]
