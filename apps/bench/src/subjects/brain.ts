/** brain.js, on sizes that it can be asked to do. */

import { missingPeerPackage, requireFrom } from './packages.ts'
import type { Subject } from './subject.ts'

const PEER = 'brain'
const PACKAGE = 'brain.js'

/** `LSTMTimeStep` and `GRUTimeStep` of `brain.js`, one sequence at a time, inference. */
export const brain: Subject = {
  id: 'brain',
  title: 'brain.js',
  threads: 1,
  missing: () => missingPeerPackage(PEER, [PACKAGE]),
  async prepare(task) {
    const { brainImplementations } = await import('./brain/recurrent.ts')
    return brainImplementations(requireFrom(PEER), PACKAGE, task)
  },
}
