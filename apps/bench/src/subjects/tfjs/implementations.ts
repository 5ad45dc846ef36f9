/** What TensorFlow.js does for a task, on any of its backends. */

import { isStandard, type Task } from '../../workloads/workload.ts'
import type { Implementation } from '../subject.ts'
import type { TensorFlow } from './load.ts'

/** It can do nearly all tasks, where its backend has the kernels. */
export async function tfjsImplementations(
  tensorFlow: TensorFlow,
  task: Task,
): Promise<readonly Implementation[] | { readonly cannot: string }> {
  switch (task.kind) {
    case 'recurrent': {
      const { cell, inputGradient = true } = task
      const written = isStandard(cell) || cell === 'minimalGated'
      if (!written || !inputGradient) return { cannot: 'nobody has written this for it' }
      const { recurrentImplementations } = await import('./recurrent.ts')
      return recurrentImplementations(tensorFlow, { ...task, cell })
    }
    case 'step': {
      const { stepImplementation } = await import('./step.ts')
      return [stepImplementation(tensorFlow, task)]
    }
    case 'text': {
      const { textImplementations } = await import('./text.ts')
      return textImplementations(tensorFlow, task)
    }
    case 'seq2seq': {
      const { seq2seqImplementation } = await import('./seq2seq.ts')
      return [seq2seqImplementation(tensorFlow, task)]
    }
    case 'matmul':
    case 'add': {
      const { arrayImplementation } = await import('./arrays.ts')
      return [arrayImplementation(tensorFlow, task)]
    }
  }
}
