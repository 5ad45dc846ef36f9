/** Recurrent tasks on TensorFlow.js, with any of its backends. */

import type { Scalar, Tensor3D, Variable } from '@tensorflow/tfjs-core'
import { ADAM, recurrentData, type RecurrentData } from '../../workloads/recurrent-data.ts'
import type { RecurrentTask } from '../../workloads/workload.ts'
import type { Implementation, Outputs } from '../subject.ts'
import { layersNetwork } from './layers-network.ts'
import type { TensorFlow } from './load.ts'
import { inverseOrder, reorderGates, type Network } from './network.ts'
import { opsNetwork, type OpsTask } from './ops-network.ts'

/** The layer of tfjs-layers, where it has one, and the same written in tfjs-core ops. Both are timed. */
export function recurrentImplementations(tensorFlow: TensorFlow, task: OpsTask): Implementation[] {
  const data = recurrentData(task)
  const networks = [layersNetwork(tensorFlow, task, data), opsNetwork(tensorFlow, task, data)]
  return networks
    .filter((network) => network !== undefined)
    .map((network) => ({
      name: network.name,
      equation: network.equation,
      timed: true,
      ...(task.mode === 'infer'
        ? inference(tensorFlow, network, task, data)
        : training(tensorFlow, network, task, data)),
    }))
}

type Work = Pick<Implementation, 'outputs' | 'run'>

function inference({ tf }: TensorFlow, network: Network, { sizes }: RecurrentTask, data: RecurrentData): Work {
  const input = tf.tensor3d(data.input, [sizes.batch, sizes.time, sizes.inputSize])
  const run = async (): Promise<Float32Array> => {
    const sequence = tf.tidy(() => network.forward(input, false))
    const values = await sequence.data<'float32'>()
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

function training({ tf }: TensorFlow, network: Network, { sizes }: RecurrentTask, data: RecurrentData): Work {
  const { batch, time, inputSize, units } = sizes
  const { learningRate, beta1, beta2, epsilon } = ADAM
  const input = tf.variable(tf.tensor3d(data.input, [batch, time, inputSize]))
  const target = tf.tensor3d(data.target, [batch, time, units])
  const weights = Object.entries(network.weights)
  const all: Variable[] = [input, ...Object.values(network.weights)]
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon)

  const trainingStep = (): ReturnType<typeof tf.variableGrads> => {
    const result = tf.variableGrads(
      () => tf.mean<Scalar>(tf.squaredDifference(network.forward(input as Tensor3D, true), target)),
      all,
    )
    optimizer.applyGradients(weights.map(([, { name }]) => ({ name, tensor: result.grads[name]! })))
    return result
  }

  const inOurOrder = (values: Float32Array): Float32Array =>
    reorderGates(values, inverseOrder(network.gateOrder), units)
  return {
    async outputs(): Promise<Outputs> {
      const { value, grads } = trainingStep()
      const loss = Float32Array.from(await value.data<'float32'>())
      const gradients: Record<string, Float32Array> = {
        input: Float32Array.from(await grads[input.name]!.data<'float32'>()),
      }
      const updated: Record<string, Float32Array> = {}
      for (const [name, variable] of weights) {
        gradients[name] = inOurOrder(await grads[variable.name]!.data<'float32'>())
        updated[name] = inOurOrder(await variable.data<'float32'>())
      }
      value.dispose()
      tf.dispose(grads)
      return { values: { loss }, gradients, updated }
    },
    async run() {
      const { value, grads } = trainingStep()
      await value.data()
      value.dispose()
      tf.dispose(grads)
    },
  }
}
