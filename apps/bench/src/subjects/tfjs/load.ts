/** Loads TensorFlow.js with one of its backends. */

/** The packages of TensorFlow.js that the bench uses. */
export interface TensorFlow {
  readonly tf: typeof import('@tensorflow/tfjs-core')
  readonly layers: typeof import('@tensorflow/tfjs-layers')
}

/**
 * Loads tfjs-core, tfjs-layers and the backend that `requireBackend` asks for. Every package through `require`, and through the same one: the ES modules of tfjs-layers don't load in Node, and two copies of tfjs-core would
 * not know each other's tensors. What Node's resolution gives is the build that every user of TensorFlow.js in Node gets.
 */
export async function loadTensorFlow(
  require: NodeJS.Require,
  name: string,
  requireBackend: () => void,
): Promise<TensorFlow> {
  const tf = require('@tensorflow/tfjs-core') as TensorFlow['tf']
  requireBackend()
  const layers = require('@tensorflow/tfjs-layers') as TensorFlow['layers']
  tf.enableProdMode()
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js can't start its ${name} backend`)
  await tf.ready()
  return { tf, layers }
}
