/** ONNX Runtime in WebAssembly, one thread. */

import type { OnnxRuntime } from './ort/load.ts'
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
    const { runtimeOf } = await import('./ort/load.ts')
    const ort = requireFrom(PEER)(PACKAGE) as OnnxRuntime
    return ortImplementations(runtimeOf(ort, 'wasm'), task)
  },
}
