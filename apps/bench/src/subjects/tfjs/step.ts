/** One step of a stream in ops of tfjs-core. */

import type { Tensor2D } from '@tensorflow/tfjs-core'
import { recurrentData } from '../../workloads/recurrent-data.ts'
import { stepSizes } from '../../workloads/step.ts'
import { gatesOf, type StepTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import { cycledSteps, firstSteps } from '../step-input.ts'
import type { Implementation } from '../subject.ts'
import type { TensorFlow } from './load.ts'

/** Two products of one row, the gates split after them (a row is cheap to split), the states kept as tensors, the output read without waiting where the backend can. */
export function stepImplementation({ tf }: TensorFlow, task: StepTask): Implementation {
  const { cell, units } = task
  const gates = gatesOf(cell)
  const data = recurrentData({ cell, sizes: stepSizes(task) })
  const matrix = (values: Float32Array): Tensor2D => tf.tensor2d(values, [units, gates * units])
  const kernel = matrix(data.kernel)
  const recurrent = matrix(data.recurrent)
  const bias = tf.tensor1d(data.bias)
  const recurrentBias = tf.tensor1d(data.recurrentBias)
  const split = (row: Tensor2D): Tensor2D[] => tf.split(row, gates, 1)
  let state: Tensor2D[] = Array.from({ length: cell === 'lstm' ? 2 : 1 }, () => tf.zeros([1, units]))

  const lstm = (x: Tensor2D, [h, c]: Tensor2D[]): Tensor2D[] => {
    const sums = tf.add<Tensor2D>(tf.add(tf.matMul(x, kernel), tf.matMul(h!, recurrent)), bias)
    const [i, f, g, o] = split(sums)
    const next = tf.add<Tensor2D>(tf.mul(tf.sigmoid(f!), c!), tf.mul(tf.sigmoid(i!), tf.tanh(g!)))
    return [tf.mul(tf.sigmoid(o!), tf.tanh(next)), next]
  }
  const gru = (x: Tensor2D, [h]: Tensor2D[]): Tensor2D[] => {
    const [xr, xz, xn] = split(tf.add(tf.matMul(x, kernel), bias))
    const [hr, hz, hn] = split(tf.add(tf.matMul(h!, recurrent), recurrentBias))
    const r = tf.sigmoid(tf.add(xr!, hr!))
    const z = tf.sigmoid(tf.add(xz!, hz!))
    const n = tf.tanh(tf.add(xn!, tf.mul(r, hn!)))
    return [tf.add(n, tf.mul(z, tf.sub(h!, n)))]
  }
  const cellStep = cell === 'lstm' ? lstm : gru

  const advance = (input: Float32Array): Tensor2D => {
    const next = tf.tidy(() => cellStep(tf.tensor2d(input, [1, units]), state))
    tf.dispose(state)
    state = next
    return next[0]!
  }
  const next = cycledSteps(data.input, units)
  return {
    name: 'tfjs-core ops',
    equation: EQUATIONS[cell],
    timed: true,
    outputs: () => firstSteps(data.input, units, (input) => advance(input).data<'float32'>()),
    // WebGPU reads at once only through a canvas, which takes longer.
    run:
      tf.getBackend() === 'webgpu'
        ? async () => void (await advance(next()).data())
        : () => void advance(next()).dataSync(),
  }
}
