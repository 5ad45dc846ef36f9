/** Recurrent tasks in ops of `@rnn/core` on any backend. */

import { valueAndGrad } from '@rnn/autodiff'
import {
  adamStep,
  assignFromHost,
  gruCell,
  gruVariant,
  indRnnReluCell,
  lstmCell,
  lstmVariant,
  mean,
  minGruCell,
  readTensors,
  scan,
  scope,
  square,
  sub,
  tensor,
  zeros,
  type Backend,
  type Cell,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { ADAM, recurrentData, type CellData } from '../../workloads/recurrent-data.ts'
import { outputSizeOf, type CellVariant, type RecurrentTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation, Outputs } from '../subject.ts'
import { lstmWithoutCellCell, minimalGatedCell, resetBeforeGruCell } from './cells.ts'

type Tensors = Readonly<Record<string, Tensor>>

/** Our implementations of a task: the first is timed; others check peers that know no other equation. */
export function recurrentImplementations(backend: Backend, task: RecurrentTask): Implementation[] {
  const data = recurrentData(task)
  const make = (cell: Cell, name: string, equation: string, timed: boolean): Implementation => ({
    name,
    equation,
    timed,
    ...(task.mode === 'infer' ? inference(backend, cell, task, data) : training(backend, cell, task, data)),
  })
  switch (task.cell) {
    case 'lstm':
      return [
        make(lstmCell, 'scan', EQUATIONS.lstm, true),
        ...(task.mode === 'infer'
          ? [make(lstmWithoutCellCell, 'without a cell', EQUATIONS.lstmWithoutCell, false)]
          : []),
      ]
    case 'gru':
      return [
        make(gruCell, 'scan', EQUATIONS.gru, true),
        ...(task.inputGradient === false
          ? []
          : [make(resetBeforeGruCell, 'reset before', EQUATIONS.gruResetBefore, false)]),
      ]
    case 'minGru':
      return [make(minGruCell, 'linear scan', EQUATIONS.minGru, true)]
    case 'minimalGated':
      return [make(minimalGatedCell, 'generic scan', EQUATIONS.minimalGated, true)]
    default: {
      const equation = task.cell === 'resetBeforeGru' ? EQUATIONS.gruResetBefore : EQUATIONS[task.cell]
      const name = FUSED_VARIANTS.includes(task.cell) ? 'scan' : 'generic scan'
      return [make(variant(task.cell, task.sizes.units), name, equation, true)]
    }
  }
}

/** Cells with options that run as one op where the backend has it. */
const FUSED_VARIANTS: readonly CellVariant[] = ['peepholeLstm', 'coupledLstm', 'hardSigmoidLstm', 'resetBeforeGru']

/** A cell of the catalogue that is not one of the usual two. */
function variant(name: CellVariant, units: number): Cell {
  switch (name) {
    case 'peepholeLstm':
      return lstmVariant({ peepholes: true })
    case 'coupledLstm':
      return lstmVariant({ coupledGates: true })
    case 'hardSigmoidLstm':
      return lstmVariant({ recurrentActivation: 'hardSigmoid' })
    case 'projectedLstm':
      return lstmVariant({ projection: outputSizeOf(name, units) })
    case 'layerNormLstm':
      return lstmVariant({ layerNorm: true })
    case 'resetBeforeGru':
      return gruVariant({ resetAfter: false })
    case 'indRnn':
      return indRnnReluCell
  }
}

type Work = Pick<Implementation, 'outputs' | 'run'>

function inference(backend: Backend, cell: Cell, { sizes }: RecurrentTask, data: CellData): Work {
  const { batch, time, inputSize, units } = sizes
  const x = tensor(data.input, { backend, shape: [batch, time, inputSize], role: 'parameter' })
  const weights = makeWeights(backend, cell, sizes, data)
  const run = async (): Promise<ArrayLike<number>> => {
    const sequence = scope(backend, () => scan(cell, x, weights, { units }).sequence)
    const values = await sequence.data()
    sequence.dispose()
    return values
  }
  return {
    outputs: async () => ({ values: { sequence: Float32Array.from(await run()) } }),
    run: async () => {
      await run()
    },
  }
}

function training(backend: Backend, cell: Cell, task: RecurrentTask, data: CellData): Work {
  const { sizes, inputGradient = true } = task
  const { batch, time, inputSize, units } = sizes
  const { learningRate, beta1, beta2, epsilon } = ADAM
  const input = tensor(data.input, { backend, shape: [batch, time, inputSize], role: 'parameter' })
  const target = tensor(data.target, {
    backend,
    shape: [batch, time, outputSizeOf(task.cell, units)],
    role: 'parameter',
  })
  const weights = makeWeights(backend, cell, sizes, data)
  const optimized = Object.entries(weights).map(([name, weight]) => ({
    name,
    weight,
    firstMoment: zeros(weight.shape, { backend }),
    secondMoment: zeros(weight.shape, { backend }),
  }))
  const schedule = zeros([3], { backend })
  let step = 0

  const lossAndGradients = valueAndGrad(({ input: x = input, ...parameters }: Tensors) => {
    const { sequence } = scan(cell, x, parameters, { units })
    return mean(square(sub(sequence, target)))
  })

  /** One step; what `also` picks from the gradients is returned beside the loss, the caller's to dispose. */
  const trainingStep = <R>(also: (gradients: Tensors) => R): { loss: Tensor; picked: R } => {
    step++
    assignFromHost(schedule, Float32Array.of(learningRate, 1 - beta1 ** step, 1 - beta2 ** step))
    return scope(backend, () => {
      const { value, gradients } = lossAndGradients(inputGradient ? { input, ...weights } : weights)
      for (const { name, weight, firstMoment, secondMoment } of optimized) {
        adamStep([gradients[name]!, schedule, null], [weight, firstMoment, secondMoment], {
          beta1,
          beta2,
          epsilon,
          weightDecay: 0,
          decoupled: false,
        })
      }
      return { loss: value, picked: also(gradients) }
    })
  }

  return {
    async outputs(): Promise<Outputs> {
      const { loss, picked } = trainingStep((gradients) => gradients)
      const outputs = {
        values: await hostArrays({ loss }),
        gradients: await hostArrays(picked),
        updated: await hostArrays(weights),
      }
      for (const each of [loss, ...Object.values(picked)]) each.dispose()
      return outputs
    },
    async run() {
      const { loss } = trainingStep(() => undefined)
      await loss.data()
      loss.dispose()
    },
  }
}

function makeWeights(backend: Backend, cell: Cell, sizes: RecurrentTask['sizes'], data: CellData): Tensors {
  const shapes = Object.entries(cell.parameters(sizes.inputSize, sizes.units)) as [keyof CellData, { shape: Shape }][]
  return Object.fromEntries(
    shapes.map(([name, { shape }]) => [name, tensor(data[name], { backend, shape, role: 'parameter' })]),
  )
}

async function hostArrays(tensors: Tensors): Promise<Record<string, Float32Array>> {
  const arrays = await readTensors(Object.values(tensors))
  return Object.fromEntries(Object.keys(tensors).map((name, i) => [name, Float32Array.from(arrays[i] ?? [])]))
}
