/** ONNX Runtime in WebAssembly, one thread. */

import { missingPeerPackage, requireFrom } from './packages.ts'
import type { Subject } from './subject.ts'

const PEER = 'ort-web'
const PACKAGE = 'onnxruntime-web'

/** `onnxruntime-web` with its wasm execution provider. It only infers. */
export const ortWeb: Subject = {
  id: 'ort-web',
  title: 'ONNX Runtime Web, wasm',
  threads: 1,
  missing: () => missingPeerPackage(PEER, [PACKAGE]),
  async prepare(task) {
    const { ortImplementations } = await import('./ort/implementations.ts')
    return ortImplementations(requireFrom(PEER), PACKAGE, 'wasm', task)
  },
}
