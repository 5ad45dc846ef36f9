/** LSTM and GRU of tfjs-layers, configured to our equations as far as they go. */

import type { Tensor, Variable } from '@tensorflow/tfjs-core'
import type { RecurrentData } from '../../workloads/recurrent-data.ts'
import { gatesOf, isStandard, type RecurrentTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { TensorFlow } from './load.ts'
import { reorderGates, type Network } from './network.ts'

/**
 * The layer of tfjs-layers for this cell; undefined where it has none. Its default gates are hard sigmoids, so sigmoids are asked for. Its GRU knows only the reset *before* the recurrent product
 * (`resetAfter: true` throws), in the gate order z, r, h.
 */
export function layersNetwork(
  { tf, layers }: TensorFlow,
  task: RecurrentTask,
  data: RecurrentData,
): Network | undefined {
  const { cell, sizes } = task
  if (!isStandard(cell)) return undefined
  const { batch, time, inputSize, units } = sizes
  const columns = gatesOf(cell) * units
  const gateOrder = cell === 'lstm' ? [0, 1, 2, 3] : [1, 0, 2]
  const options = {
    units,
    returnSequences: true,
    activation: 'tanh',
    recurrentActivation: 'sigmoid',
    // The weights are set below; the default initialiser wants tfjs-core's chained methods, which its CommonJS build lacks.
    recurrentInitializer: 'glorotUniform',
  } as const
  const layer = cell === 'lstm' ? layers.layers.lstm({ ...options, unitForgetBias: false }) : layers.layers.gru(options)
  tf.dispose(layer.apply(tf.zeros([batch, time, inputSize])) as Tensor)
  const own = (values: Float32Array): Float32Array => reorderGates(values, gateOrder, units)
  layer.setWeights([
    tf.tensor2d(own(data.kernel), [inputSize, columns]),
    tf.tensor2d(own(data.recurrent), [units, columns]),
    tf.tensor1d(own(data.bias)),
  ])
  // `read` gives the variable itself; tfjs-layers' own training loop makes the same cast.
  const [kernel, recurrent, bias] = layer.trainableWeights.map((weight) => weight.read() as Variable)
  return {
    name: 'tfjs-layers',
    equation: cell === 'lstm' ? EQUATIONS.lstm : EQUATIONS.gruResetBefore,
    weights: { kernel: kernel!, recurrent: recurrent!, bias: bias! },
    gateOrder,
    forward: (input, training) => layer.apply(input, { training }) as Tensor,
  }
}
