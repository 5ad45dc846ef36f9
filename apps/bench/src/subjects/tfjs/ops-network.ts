/** The cells in ops of tfjs-core, as a competent user of this backend writes them. */

import type { Rank, Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core'
import type { RecurrentData } from '../../workloads/recurrent-data.ts'
import { gatesOf, type RecurrentTask, type StandardCell } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { TensorFlow } from './load.ts'
import type { Network } from './network.ts'

/** A layer whose steps these ops can say. */
export type OpsTask = RecurrentTask & { readonly cell: OpsCell }
type OpsCell = StandardCell | 'minimalGated'

type State = readonly [hidden: Tensor2D, ...Tensor2D[]]

/**
 * The layer for this cell, in our gate order. The input's products run once for all time steps, time-major, so that taking a step out of them copies nothing; and the weights are split into gates
 * once per sequence, because splitting the gates of each step, element by element on this backend, takes longer than the products.
 */
export function opsNetwork({ tf }: TensorFlow, { cell, sizes }: OpsTask, data: RecurrentData): Network {
  const { batch, time, inputSize, units } = sizes
  const gates = gatesOf(cell)
  const kernel = tf.variable(tf.tensor2d(data.kernel, [inputSize, gates * units]))
  const recurrent = tf.variable(tf.tensor2d(data.recurrent, [units, gates * units]))
  const bias = tf.variable(tf.tensor1d(data.bias))
  const recurrentBias = tf.variable(tf.tensor1d(data.recurrentBias))

  const split = (weight: Tensor): Tensor2D[] => tf.split(weight, gates, -1) as Tensor2D[]
  /** One step: `projected` and `product` give, for each gate, its share of the input and of the hidden state. */
  const steps: Readonly<
    Record<OpsCell, (projected: readonly Tensor2D[], product: readonly Tensor2D[], state: State) => State>
  > = {
    lstm([xi, xf, xg, xo], [hi, hf, hg, ho], [, c]) {
      const i = tf.sigmoid(tf.add(xi!, hi!))
      const f = tf.sigmoid(tf.add(xf!, hf!))
      const g = tf.tanh(tf.add(xg!, hg!))
      const o = tf.sigmoid(tf.add(xo!, ho!))
      const next: Tensor2D = tf.add(tf.mul(f, c!), tf.mul(i, g))
      return [tf.mul(o, tf.tanh(next)), next]
    },
    gru([xr, xz, xn], [hr, hz, hn], [h]) {
      const r = tf.sigmoid(tf.add(xr!, hr!))
      const z = tf.sigmoid(tf.add(xz!, hz!))
      const n = tf.tanh(tf.add(xn!, tf.mul(r, hn!)))
      return [tf.add(n, tf.mul(z, tf.sub(h, n)))]
    },
    minimalGated([xf, xn], [hf, hn], [h]) {
      const f = tf.sigmoid(tf.add(xf!, hf!))
      const n = tf.tanh(tf.add(xn!, tf.mul(f, hn!)))
      return [tf.add(h, tf.mul(f, tf.sub(n, h)))]
    },
  }

  const weights: Record<string, Variable> = { kernel, recurrent, bias }
  if (cell === 'gru') weights['recurrentBias'] = recurrentBias
  return {
    name: 'tfjs-core ops',
    equation: EQUATIONS[cell],
    weights,
    gateOrder: Array.from({ length: gates }, (_, gate) => gate),
    forward(input: Tensor3D) {
      const rows = tf.reshape(tf.transpose(input, [1, 0, 2]), [time * batch, inputSize])
      const biases = split(bias)
      const projected = split(kernel).map((weight, gate) => {
        const product = tf.add(tf.matMul(rows, weight), biases[gate]!)
        return tf.unstack(tf.reshape(product, [time, batch, units])) as Tensor2D[]
      })
      const recurrents = split(recurrent)
      const recurrentBiases = cell === 'gru' ? split(recurrentBias) : undefined
      const zeros = tf.zeros<Rank.R2>([batch, units])
      let state: State = cell === 'lstm' ? [zeros, zeros] : [zeros]
      const outputs = Array.from({ length: time }, (_, t) => {
        const product = recurrents.map((weight, gate): Tensor2D => {
          const own: Tensor2D = tf.matMul(state[0], weight)
          return recurrentBiases === undefined ? own : tf.add<Tensor2D>(own, recurrentBiases[gate]!)
        })
        const now = projected.map((each) => each[t]!)
        state = steps[cell](now, product, state)
        return state[0]
      })
      return tf.stack(outputs, 1)
    },
  }
}
