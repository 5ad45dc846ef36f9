/** What ONNX Runtime does for a task: LSTM and GRU, forward, over sequences and step by step. */

import { recurrentData } from '../../workloads/recurrent-data.ts'
import { stepSizes } from '../../workloads/step.ts'
import { isStandard, type RecurrentTask, type Sizes, type StepTask, type Task } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import { cycledSteps, firstSteps } from '../step-input.ts'
import type { Implementation } from '../subject.ts'
import type { OrtRuntime, OrtTensor } from './load.ts'
import { onnxModel } from './onnx-model.ts'

/** The operators `LSTM` and `GRU` of ONNX Runtime on one of its execution providers. */
export async function ortImplementations(
  runtime: OrtRuntime,
  task: Task,
): Promise<readonly Implementation[] | { readonly cannot: string }> {
  if (task.kind === 'text' || task.kind === 'seq2seq' || (task.kind === 'recurrent' && task.mode === 'train'))
    return { cannot: 'it only infers' }
  // Its arrays would have to stay on the device from run to run.
  if (task.kind === 'matmul' || task.kind === 'add') return { cannot: 'nobody has written this for it' }
  const { cell } = task
  if (!isStandard(cell)) return { cannot: 'it has no such operator' }
  return [task.kind === 'step' ? await stream(runtime, task) : await sequence(runtime, { ...task, cell })]
}

/** The input is time-major already, the only layout that this operator takes on CPUs: turning it is not timed. */
async function sequence(
  { ort, create }: OrtRuntime,
  { cell, sizes }: RecurrentTask & { readonly cell: 'lstm' | 'gru' },
): Promise<Implementation> {
  const { batch, time, inputSize, units } = sizes
  const data = recurrentData({ cell, sizes })
  const session = await create(onnxModel(cell, sizes, data))
  const feeds = {
    X: new ort.Tensor('float32', swapped(data.input, batch, time, inputSize), [time, batch, inputSize]),
    ...zeroStates(ort, cell, sizes),
  }
  const run = async (): Promise<Float32Array> => (await session.run(feeds))['Y']!.data
  return {
    name: cell.toUpperCase(),
    equation: EQUATIONS[cell],
    timed: true,
    outputs: async () => ({ values: { sequence: swapped(await run(), time, batch, units) } }),
    run: async () => {
      await run()
    },
  }
}

/** The states that a run gives are the next run's inputs. */
async function stream({ ort, create }: OrtRuntime, task: StepTask): Promise<Implementation> {
  const { cell, units } = task
  const sizes = { ...stepSizes(task), time: 1 }
  const data = recurrentData({ cell, sizes: stepSizes(task) })
  const session = await create(onnxModel(cell, sizes, data))
  let states = zeroStates(ort, cell, sizes)
  const step = async (input: Float32Array): Promise<Float32Array> => {
    const outputs = await session.run({ X: new ort.Tensor('float32', input, [1, 1, units]), ...states })
    states = Object.fromEntries(Object.keys(states).map((name) => [name, outputs[`next_${name}`]!]))
    return outputs['Y']!.data
  }
  const next = cycledSteps(data.input, units)
  return {
    name: cell.toUpperCase(),
    equation: EQUATIONS[cell],
    timed: true,
    outputs: () => firstSteps(data.input, units, step),
    run: async () => {
      await step(next())
    },
  }
}

function zeroStates(ort: OrtRuntime['ort'], cell: 'lstm' | 'gru', { batch, units }: Sizes): Record<string, OrtTensor> {
  const zeros = (): OrtTensor => new ort.Tensor('float32', new Float32Array(batch * units), [1, batch, units])
  return cell === 'lstm' ? { h: zeros(), c: zeros() } : { h: zeros() }
}

/** `[first, second, size]` as `[second, first, size]`. */
function swapped(values: Float32Array, first: number, second: number, size: number): Float32Array {
  const result = new Float32Array(values.length)
  for (let a = 0; a < first; a++) {
    for (let b = 0; b < second; b++) {
      result.set(values.subarray((a * second + b) * size, (a * second + b + 1) * size), (b * first + a) * size)
    }
  }
  return result
}
