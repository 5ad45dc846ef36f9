/** This project on its CPU backend. */

import type { Subject } from './subject.ts'

/** `@rnn/core` and `@rnn/autodiff` on `@rnn/backend-cpu`. */
export const rnnCpu: Subject = {
  id: 'rnn-cpu',
  title: '@rnn on backend-cpu',
  threads: 1,
  packages: ['@rnn/core', '@rnn/autodiff', '@rnn/backend-cpu'],
  async prepare(task) {
    const { cpu } = await import('@rnn/backend-cpu')
    const { recurrentImplementations } = await import('./rnn/recurrent.ts')
    return recurrentImplementations(await cpu(), task)
  },
}
