/** What TensorFlow.js does for a task, on any of its backends. */

import type { Task } from '../../workloads/workload.ts'
import type { Implementation } from '../subject.ts'
import type { TensorFlow } from './load.ts'

/** It can do all tasks, where its backend has the kernels. */
export async function tfjsImplementations(tensorFlow: TensorFlow, task: Task): Promise<readonly Implementation[]> {
  switch (task.kind) {
    case 'recurrent': {
      const { recurrentImplementations } = await import('./recurrent.ts')
      return recurrentImplementations(tensorFlow, task)
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
