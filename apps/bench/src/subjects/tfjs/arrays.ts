/** Single ops of tfjs-core on large arrays. */

import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { arrayPair, pickElements, pickRows } from '../../workloads/arrays.ts'
import type { AddTask, MatmulTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation } from '../subject.ts'
import type { TensorFlow } from './load.ts'

/** `matMul` or `add`: many for each wait. */
export function arrayImplementation({ tf }: TensorFlow, task: MatmulTask | AddTask): Implementation {
  const pair = arrayPair(task)
  const shape = task.kind === 'matmul' ? [task.size, task.size] : [task.elements]
  const [a, b] = [tf.tensor(pair.a, shape), tf.tensor(pair.b, shape)]
  const compute = (): Tensor => (task.kind === 'matmul' ? tf.matMul(a as Tensor2D, b as Tensor2D) : tf.add(a, b))
  const compared = async (): Promise<Float32Array> => {
    const result = compute()
    const values = await result.data<'float32'>()
    const picked = task.kind === 'matmul' ? pickRows(values, task) : pickElements(values)
    result.dispose()
    return picked
  }
  /** A device has computed when one element of the last result can be read. */
  const repeat = async (times: number): Promise<void> => {
    for (let i = 1; i < times; i++) compute().dispose()
    const result = compute()
    const element = tf.slice(tf.reshape(result, [-1]), [0], [1])
    await element.data()
    tf.dispose([result, element])
  }
  return {
    name: task.kind === 'matmul' ? 'matMul' : 'add',
    equation: EQUATIONS[task.kind],
    timed: true,
    outputs: async () => ({ values: { result: await compared() } }),
    run: () => repeat(1),
    repeat,
  }
}
