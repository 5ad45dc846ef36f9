/** brain.js's recurrent networks on one short sequence. */

import { recurrentData, type RecurrentData } from '../../workloads/recurrent-data.ts'
import { isStandard, type Sizes, type Task } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation, Preparation } from '../subject.ts'

/** More than this takes seconds. */
const MOST_UNITS = 64

interface Matrix {
  readonly weights: Float32Array
}

/** A network for time series. */
interface Network {
  readonly model: {
    readonly hiddenLayers: readonly Readonly<Record<string, Matrix>>[]
    readonly outputConnector: Matrix
    readonly output: Matrix
  }
  initialize(): void
  /** Makes the equation of one more step; one must be there before it runs. */
  bindEquation(): void
  run(sequence: readonly Float32Array[]): ArrayLike<number>
}

type NetworkClass = new (options: Readonly<Record<string, unknown>>) => Network

interface Brain {
  readonly recurrent: { readonly LSTMTimeStep: NetworkClass; readonly GRUTimeStep: NetworkClass }
}

/** How it names the weights of our gates: gate, then kind (of the input, of the hidden state, the bias). */
const NAMES = {
  lstm: { gates: ['input', 'forget', 'cellActivation', 'output'], kinds: ['Matrix', 'Hidden', 'Bias'] },
  gru: { gates: ['resetGate', 'updateGate', 'cellWrite'], kinds: ['InputMatrix', 'HiddenMatrix', 'Bias'] },
} as const

/**
 * Inference of one sequence: it knows no batches, and trains by an update of its own. Its LSTM has no cell state, its GRU the reset before the recurrent product; both are compared with just
 * that equation. A network always ends in a linear layer, which is the identity here, and gives only its last output.
 */
export async function brainImplementations(
  require: NodeJS.Require,
  packageName: string,
  task: Task,
): Promise<Preparation> {
  if (task.kind !== 'recurrent' || task.mode !== 'infer') return { cannot: 'it knows no Adam and streams no states' }
  const { cell, sizes } = task
  if (!isStandard(cell)) return { cannot: 'it has no such cell' }
  if (sizes.batch > 1) return { cannot: 'it knows no batches' }
  if (sizes.units > MOST_UNITS) return { cannot: `it takes seconds over ${MOST_UNITS} units` }
  const { recurrent } = require(packageName) as Brain
  const { time, inputSize, units } = sizes
  const data = recurrentData({ cell, sizes })
  const Class = cell === 'lstm' ? recurrent.LSTMTimeStep : recurrent.GRUTimeStep
  const network = new Class({ inputSize, hiddenLayers: [units], outputSize: units })
  network.initialize()
  setWeights(network, cell, sizes, data)
  network.bindEquation()
  const steps = Array.from({ length: time }, (_, t) => data.input.subarray(t * inputSize, (t + 1) * inputSize))
  const implementation: Implementation = {
    name: Class.name,
    equation: cell === 'lstm' ? EQUATIONS.lstmWithoutCell : EQUATIONS.gruResetBefore,
    timed: true,
    outputs: async () => {
      const hidden = steps.flatMap((_, t) => Array.from(network.run(steps.slice(0, t + 1))))
      return { values: { sequence: Float32Array.from(hidden) } }
    },
    run: () => void network.run(steps),
  }
  return [implementation]
}

/** Its matrices are `[units, inputs]`, one for each gate. */
function setWeights({ model }: Network, cell: 'lstm' | 'gru', { inputSize, units }: Sizes, data: RecurrentData): void {
  const { gates, kinds } = NAMES[cell]
  const columns = gates.length * units
  const sources = [
    { weights: data.kernel, rows: inputSize },
    { weights: data.recurrent, rows: units },
    { weights: data.bias, rows: 1 },
  ]
  for (const [gate, gateName] of gates.entries()) {
    for (const [kind, { weights, rows }] of sources.entries()) {
      const name = `${gateName}${kinds[kind]}`
      const target = model.hiddenLayers[0]?.[name]?.weights
      if (target?.length !== rows * units) throw new Error(`brain.js has no weights '${name}' of that size`)
      target.forEach((_, i) => {
        target[i] = weights[(i % rows) * columns + gate * units + Math.floor(i / rows)]!
      })
    }
  }
  model.output.weights.fill(0)
  model.outputConnector.weights.fill(0)
  for (let i = 0; i < units; i++) model.outputConnector.weights[i * units + i] = 1
}
