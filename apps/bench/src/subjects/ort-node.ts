/** ONNX Runtime, native, one thread. */

import type { OnnxRuntime } from './ort/load.ts'
import { missingPeerPackage, requireFrom } from './packages.ts'
import type { Subject } from './subject.ts'

const PEER = 'ort-node'
const PACKAGE = 'onnxruntime-node'

/** `onnxruntime-node` with its CPU execution provider. It only infers. */
export const ortNode: Subject = {
  id: 'ort-node',
  title: 'ONNX Runtime for Node, CPU',
  threads: 1,
  missing: () => missingPeerPackage(PEER, [PACKAGE]),
  async prepare(task) {
    const { ortImplementations } = await import('./ort/implementations.ts')
    const { runtimeOf } = await import('./ort/load.ts')
    const ort = requireFrom(PEER)(PACKAGE) as OnnxRuntime
    return ortImplementations(runtimeOf(ort, 'cpu'), task)
  },
}
