/** TensorFlow.js on its plain JavaScript backend. */

import type { Subject } from './subject.ts'

/** tfjs-layers, and the same equations in tfjs-core ops, on `@tensorflow/tfjs-backend-cpu`. */
export const tfjsCpu: Subject = {
  id: 'tfjs-cpu',
  title: 'TensorFlow.js on its cpu backend',
  threads: 1,
  packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-cpu'],
  async prepare(task) {
    const { loadTensorFlow } = await import('./tfjs/load.ts')
    const { recurrentImplementations } = await import('./tfjs/recurrent.ts')
    const tensorFlow = await loadTensorFlow('cpu', (require) => require('@tensorflow/tfjs-backend-cpu'))
    return recurrentImplementations(tensorFlow, task)
  },
}
