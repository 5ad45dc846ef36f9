/** PyTorch, one thread, in a Python process. */

import { findPython } from './torch/python.ts'
import type { Subject } from './subject.ts'

/** The PyTorch of the first Python that has one; `RNN_PYTHON` names another. */
export const torch: Subject = {
  id: 'torch',
  title: 'PyTorch on the CPU',
  threads: 1,
  missing: () =>
    findPython() === undefined
      ? {
          what: 'a Python with PyTorch',
          fix: 'install one (on Debian: apt-get install python3-torch libopenblas0), or name one in RNN_PYTHON',
        }
      : undefined,
  async prepare(task) {
    const { torchImplementations } = await import('./torch/implementations.ts')
    return torchImplementations(task)
  },
}
