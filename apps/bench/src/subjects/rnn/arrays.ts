/** Single ops of `@rnn/core` on large arrays. */

import { add, matmul, tensor, type Backend, type Tensor } from '@rnn/core'
import { arrayPair, comparedRows, pickElements, pickRows } from '../../workloads/arrays.ts'
import type { AddTask, MatmulTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation } from '../subject.ts'

/** `matmul` or `add`: many for each wait. */
export function arrayImplementation(backend: Backend, task: MatmulTask | AddTask): Implementation {
  const { a: first, b: second } = arrayPair(task)
  const shape = task.kind === 'matmul' ? [task.size, task.size] : [task.elements]
  const on = (values: Float32Array, valueShape: readonly number[]): Tensor =>
    tensor(values, { backend, shape: valueShape, role: 'parameter' })
  const [a, b] = [on(first, shape), on(second, shape)]
  const compute = (): Tensor => (task.kind === 'matmul' ? matmul(a, b) : add(a, b))
  const hostValues = async (result: Tensor): Promise<Float32Array> => {
    const values = Float32Array.from(await result.data())
    result.dispose()
    return values
  }
  const compared = async (): Promise<Float32Array> => {
    if (task.kind === 'add') return pickElements(await hostValues(compute()))
    if (backend.name !== 'cpu') return pickRows(await hostValues(compute()), task)
    // The reference, which nothing checks, computes only what is compared: all of it would take minutes.
    const rows = on(pickRows(first, task), [comparedRows(task).length, task.size])
    const values = await hostValues(matmul(rows, b))
    rows.dispose()
    return values
  }
  const repeat = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) compute().dispose()
    await backend.sync()
  }
  return {
    name: task.kind,
    equation: EQUATIONS[task.kind],
    timed: true,
    outputs: async () => ({ values: { result: await compared() } }),
    run: () => repeat(1),
    repeat,
  }
}
