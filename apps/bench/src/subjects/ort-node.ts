/** ONNX Runtime, native, one thread. */

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
    return ortImplementations(requireFrom(PEER), PACKAGE, 'cpu', task)
  },
}
