/** TensorFlow.js on its plain JavaScript backend. */

import { createRequire } from 'node:module'
import { missingPackage } from './packages.ts'
import type { Subject } from './subject.ts'

/** At about 1 GFLOP/s and two implementations, rounds of more take minutes. */
const UNASKED_FLOP = 4e9

/** tfjs-layers, and the same equations in tfjs-core ops, on `@tensorflow/tfjs-backend-cpu`. */
export const tfjsCpu: Subject = {
  id: 'tfjs-cpu',
  title: 'TensorFlow.js on its cpu backend',
  threads: 1,
  missing: () => missingPackage(['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-cpu']),
  leavesOut: (_task, flop) => (flop > UNASKED_FLOP ? 'it would take minutes' : undefined),
  async prepare(task) {
    const { loadTensorFlow } = await import('./tfjs/load.ts')
    const { tfjsImplementations } = await import('./tfjs/implementations.ts')
    const require = createRequire(import.meta.url)
    const tensorFlow = await loadTensorFlow(require, 'cpu', () => void require('@tensorflow/tfjs-backend-cpu'))
    return tfjsImplementations(tensorFlow, task)
  },
}
