/** Loads TensorFlow.js with one of its backends. */

import { createRequire } from 'node:module'

/** The packages of TensorFlow.js that the bench uses. */
export interface TensorFlow {
  readonly tf: typeof import('@tensorflow/tfjs-core')
  readonly layers: typeof import('@tensorflow/tfjs-layers')
}

/**
 * Loads tfjs-core, tfjs-layers and the backend that `requireBackend` asks for. Every package through `require`: the ES modules of tfjs-layers don't load in Node, and two copies of tfjs-core would
 * not know each other's tensors. What Node's resolution gives is the build that every user of TensorFlow.js in Node gets.
 */
export async function loadTensorFlow(
  name: string,
  requireBackend: (require: NodeJS.Require) => void,
): Promise<TensorFlow> {
  const require = createRequire(import.meta.url)
  const tf = require('@tensorflow/tfjs-core') as TensorFlow['tf']
  requireBackend(require)
  const layers = require('@tensorflow/tfjs-layers') as TensorFlow['layers']
  tf.enableProdMode()
  await tf.setBackend(name)
  await tf.ready()
  return { tf, layers }
}
