/** TensorFlow.js on its WebAssembly backend, one thread. */

import { missingPeerPackage, requireFrom } from './packages.ts'
import type { Subject } from './subject.ts'

const PEER = 'tfjs-wasm'
const BACKEND = '@tensorflow/tfjs-backend-wasm'

/** tfjs-layers, and the same equations in tfjs-core ops, on `@tensorflow/tfjs-backend-wasm` with SIMD and one thread. */
export const tfjsWasm: Subject = {
  id: 'tfjs-wasm',
  title: 'TensorFlow.js on its wasm backend',
  threads: 1,
  missing: () => missingPeerPackage(PEER, ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', BACKEND]),
  async prepare(task) {
    // Seen by asking it: "Kernel 'UnsortedSegmentSum' not registered for backend 'wasm'".
    if (task.kind === 'text') {
      return { cannot: 'its backend lacks the kernel UnsortedSegmentSum, the gradient of an embedding' }
    }
    const { loadTensorFlow } = await import('./tfjs/load.ts')
    const { tfjsImplementations } = await import('./tfjs/implementations.ts')
    const require = requireFrom(PEER)
    const tensorFlow = await loadTensorFlow(require, 'wasm', () => {
      const { setThreadsCount } = require(BACKEND) as { setThreadsCount(count: number): void }
      setThreadsCount(1)
    })
    return tfjsImplementations(tensorFlow, task)
  },
}
