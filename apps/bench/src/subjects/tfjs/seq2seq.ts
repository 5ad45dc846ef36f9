/** The translation model on TensorFlow.js, in tfjs-core ops: tfjs-layers has no attention and no decoder. */

import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core'
import { seq2seqData, seq2seqShapes } from '../../workloads/seq2seq-data.ts'
import type { Seq2seqTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation } from '../subject.ts'
import type { TensorFlow } from './load.ts'
import { opsNetwork, type OpsTask } from './ops-network.ts'
import { variableSteps } from './variable-steps.ts'

/** A training step, written as a competent user of this backend writes it. */
export function seq2seqImplementation(tensorFlow: TensorFlow, task: Seq2seqTask): Implementation {
  const { tf } = tensorFlow
  const { batch, time, vocabularySize, units } = task
  const { source, target, labels, weights } = seq2seqData(task)
  const variables: Record<string, Variable> = {}
  for (const [name, shape] of Object.entries(seq2seqShapes(task))) {
    if (!name.startsWith('encoder.')) variables[name] = tf.variable(tf.tensor(weights[name]!, shape))
  }
  const [forwards, backwards] = (['forward', 'backward'] as const).map((direction) => {
    const network = encoderNetwork(tensorFlow, task, (name) => weights[`encoder.${direction}.${name}`]!)
    for (const [name, variable] of Object.entries(network.weights)) variables[`encoder.${direction}.${name}`] = variable
    return network
  })
  const weight = (name: string): Tensor2D => variables[name] as Tensor as Tensor2D
  const [sourceWords, targetWords] = [source, target].map((words) => tf.tensor1d(words, 'int32'))
  const expected = tf.oneHot(tf.tensor1d(labels, 'int32'), vocabularySize) as Tensor2D

  /** Rows of a table. Its gradient is a product with one-hot rows: that of tfjs-core, UnsortedSegmentSum, takes minutes, or is not there. */
  const embed = (table: Tensor2D, words: Tensor1D): Tensor2D =>
    tf.customGrad((kernel) => ({
      value: tf.gather(kernel as Tensor2D, words),
      gradFunc: (dy: Tensor) => tf.matMul(tf.oneHot(words, vocabularySize) as Tensor2D, dy as Tensor2D, true),
    }))(table) as Tensor2D
  const timeMajor = (rows: Tensor): Tensor2D[] =>
    tf.unstack(tf.transpose(tf.reshape(rows, [batch, time, -1]), [1, 0, 2])) as Tensor2D[]

  const decode = (memory: Tensor3D, first: Tensor2D): Tensor2D => {
    const flatMemory = tf.reshape(memory, [batch * time, 2 * units])
    const keys = tf.reshape(tf.matMul<Tensor2D>(flatMemory, weight('attention.memoryKernel')), [batch, time, units])
    const scoreVector: Tensor2D = tf.reshape(weight('attention.scoreVector'), [units, 1])
    const embedded = embed(weight('target.kernel'), targetWords!)
    const kernel = weight('decoder.kernel')
    const { embeddingSize } = task
    const embeddingKernel: Tensor2D = tf.slice(kernel, [0, 0], [embeddingSize, -1])
    const contextKernels = tf.split(tf.slice(kernel, [embeddingSize, 0], [-1, -1]), 3, 1) as Tensor2D[]
    const recurrents = tf.split(weight('decoder.recurrent'), 3, 1)
    const recurrentBiases = tf.split(weight('decoder.recurrentBias') as Tensor as Tensor1D, 3)
    const projected = tf
      .split(tf.add<Tensor2D>(tf.matMul<Tensor2D>(embedded, embeddingKernel), weight('decoder.bias')), 3, 1)
      .map(timeMajor)
    let hidden = first
    const states: Tensor2D[] = []
    const contexts: Tensor2D[] = []
    for (let t = 0; t < time; t++) {
      const query = tf.reshape(tf.matMul<Tensor2D>(hidden, weight('attention.queryKernel')), [batch, 1, units])
      const energies: Tensor2D = tf.reshape(tf.tanh(tf.add(query, keys)), [batch * time, units])
      const shares = tf.softmax(tf.reshape(tf.matMul<Tensor2D>(energies, scoreVector), [batch, time]))
      const found = tf.matMul<Tensor3D>(tf.reshape(shares, [batch, 1, time]), memory)
      const context: Tensor2D = tf.reshape(found, [batch, 2 * units])
      const [xr, xz, xn] = contextKernels.map((each, gate) =>
        tf.add<Tensor2D>(projected[gate]![t]!, tf.matMul<Tensor2D>(context, each)),
      )
      const [hr, hz, hn] = recurrents.map((each, gate) =>
        tf.add<Tensor2D>(tf.matMul<Tensor2D>(hidden, each), recurrentBiases[gate]!),
      )
      const r = tf.sigmoid(tf.add(xr!, hr!))
      const z = tf.sigmoid(tf.add(xz!, hz!))
      const n: Tensor2D = tf.tanh(tf.add(xn!, tf.mul(r, hn!)))
      hidden = tf.add(n, tf.mul(z, tf.sub(hidden, n)))
      states.push(hidden)
      contexts.push(context)
    }
    const rows = (steps: Tensor2D[], width: number): Tensor2D => tf.reshape(tf.stack(steps, 1), [batch * time, width])
    const parts = [
      tf.matMul(rows(states, units), weight('readout.stateKernel')),
      tf.matMul(rows(contexts, 2 * units), weight('readout.contextKernel')),
      tf.matMul(embedded, weight('readout.embeddingKernel')),
    ]
    const readout = tf.tanh(tf.add<Tensor2D>(tf.addN<Tensor2D>(parts as Tensor2D[]), weight('readout.bias')))
    return tf.add(tf.matMul<Tensor2D>(readout, weight('output.kernel')), weight('output.bias'))
  }

  const forward = (): Tensor2D => {
    const embedded: Tensor3D = tf.reshape(embed(weight('source.kernel'), sourceWords!), [
      batch,
      time,
      task.embeddingSize,
    ])
    const there = forwards!.forward(embedded, true) as Tensor3D
    const back = backwards!.forward(tf.reverse(embedded, 1), true) as Tensor3D
    const last = (sequence: Tensor3D): Tensor2D =>
      tf.reshape(tf.slice(sequence, [0, time - 1, 0], [-1, 1, -1]), [batch, units])
    const final = tf.matMul<Tensor2D>(tf.concat([last(there), last(back)], 1), weight('bridge.layers.0.kernel'))
    const first: Tensor2D = tf.tanh(tf.add<Tensor2D>(final, weight('bridge.layers.0.bias')))
    return decode(tf.concat([there, tf.reverse(back, 1)], 2), first)
  }
  return {
    name: 'tfjs-core ops',
    equation: EQUATIONS.seq2seq,
    timed: true,
    ...variableSteps(tensorFlow, variables, () => tf.losses.softmaxCrossEntropy(expected, forward()) as Scalar),
  }
}

function encoderNetwork(
  tensorFlow: TensorFlow,
  { batch, time, embeddingSize, units }: Seq2seqTask,
  weight: (name: string) => Float32Array,
): ReturnType<typeof opsNetwork> {
  const layer: OpsTask = {
    kind: 'recurrent',
    cell: 'gru',
    mode: 'train',
    sizes: { batch, time, inputSize: embeddingSize, units },
  }
  const none = new Float32Array(0)
  return opsNetwork(tensorFlow, layer, {
    input: none,
    target: none,
    kernel: weight('kernel'),
    recurrent: weight('recurrent'),
    bias: weight('bias'),
    recurrentBias: weight('recurrentBias'),
  })
}
