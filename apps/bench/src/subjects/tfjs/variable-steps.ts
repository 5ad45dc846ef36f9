/** Training steps of variables, with Adam. */

import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core'
import { ADAM } from '../../workloads/recurrent-data.ts'
import type { Implementation, Outputs } from '../subject.ts'
import type { TensorFlow } from './load.ts'

/** A step for each run, the loss read each time. @param weights by the bench's names */
export function variableSteps(
  { tf }: TensorFlow,
  weights: Readonly<Record<string, Variable>>,
  loss: () => Scalar,
): Pick<Implementation, 'outputs' | 'run'> {
  const { learningRate, beta1, beta2, epsilon } = ADAM
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon)
  const variables = Object.entries(weights)
  const all = Object.values(weights)

  const trainingStep = (): ReturnType<typeof tf.variableGrads> => {
    const result = tf.variableGrads(loss, all)
    optimizer.applyGradients(variables.map(([, { name }]) => ({ name, tensor: result.grads[name]! })))
    return result
  }
  return {
    async outputs(): Promise<Outputs> {
      const { value, grads } = trainingStep()
      const read = async (tensor: Tensor): Promise<Float32Array> => Float32Array.from(await tensor.data<'float32'>())
      const gradients: Record<string, Float32Array> = {}
      const updated: Record<string, Float32Array> = {}
      for (const [name, variable] of variables) {
        gradients[name] = await read(grads[variable.name]!)
        updated[name] = await read(variable)
      }
      const outputs = { values: { loss: await read(value) }, gradients, updated }
      value.dispose()
      tf.dispose(grads)
      return outputs
    },
    async run() {
      const { value, grads } = trainingStep()
      await value.data()
      value.dispose()
      tf.dispose(grads)
    },
  }
}
