/** Our implementations of any task, on any backend. */

import type { Backend } from '@rnn/core'
import type { Task } from '../../workloads/workload.ts'
import type { Implementation } from '../subject.ts'

/** What this project does for a task; it can do all of them. */
export async function rnnImplementations(backend: Backend, task: Task): Promise<Implementation[]> {
  switch (task.kind) {
    case 'recurrent': {
      const { recurrentImplementations } = await import('./recurrent.ts')
      return recurrentImplementations(backend, task)
    }
    case 'step': {
      const { stepImplementation } = await import('./step.ts')
      return [await stepImplementation(backend, task)]
    }
    case 'text': {
      const { textImplementation } = await import('./text.ts')
      return [await textImplementation(backend, task)]
    }
    case 'seq2seq': {
      const { seq2seqImplementation } = await import('./seq2seq.ts')
      return [await seq2seqImplementation(backend, task)]
    }
    case 'matmul':
    case 'add': {
      const { arrayImplementation } = await import('./arrays.ts')
      return [arrayImplementation(backend, task)]
    }
  }
}
