/** This project on its CPU backend. */

import { missingPackage } from './packages.ts'
import type { Subject } from './subject.ts'

/** The packages of this project on `@rnn/backend-cpu`. */
export const rnnCpu: Subject = {
  id: 'rnn-cpu',
  title: '@rnn on backend-cpu',
  threads: 1,
  missing: () => missingPackage(['@rnn/core', '@rnn/autodiff', '@rnn/layers', '@rnn/train', '@rnn/backend-cpu']),
  async prepare(task) {
    const { cpu } = await import('@rnn/backend-cpu')
    const { rnnImplementations } = await import('./rnn/implementations.ts')
    return rnnImplementations(await cpu(), task)
  },
}
