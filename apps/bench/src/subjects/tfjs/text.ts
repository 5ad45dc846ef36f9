/** The text classifier on TensorFlow.js: by tfjs-layers, and with the LSTMs in tfjs-core ops. */

import type { Scalar, Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core'
import { textData, textLayer, type TextData, type TextWeights } from '../../workloads/text-data.ts'
import type { TextTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation } from '../subject.ts'
import type { TensorFlow } from './load.ts'
import { opsNetwork, type OpsTask } from './ops-network.ts'
import { variableSteps } from './variable-steps.ts'

/** A classifier with its weights, by the names of `TextWeights`. LSTM gates are in our order in both. */
interface Classifier {
  readonly name: string
  readonly weights: Readonly<Record<string, Variable>>
  /** Logits `[B, classes]`. */
  forward(words: Tensor2D): Tensor
}

/** Both are timed. */
export function textImplementations(tensorFlow: TensorFlow, task: TextTask): Implementation[] {
  const data = textData(task)
  return [layersClassifier(tensorFlow, task, data), opsClassifier(tensorFlow, task, data)].map((classifier) => ({
    name: classifier.name,
    equation: EQUATIONS.text,
    timed: true,
    ...training(tensorFlow, classifier, task, data),
  }))
}

const NAMES: readonly (keyof TextWeights)[] = [
  'embedding',
  'forward.kernel',
  'forward.recurrent',
  'forward.bias',
  'backward.kernel',
  'backward.recurrent',
  'backward.bias',
  'dense.kernel',
  'dense.bias',
]

function layersClassifier({ tf, layers }: TensorFlow, task: TextTask, { weights }: TextData): Classifier {
  const { time, vocabularySize, embeddingSize, units, classes } = task
  const layer = layers.layers.lstm({
    units,
    returnSequences: true,
    activation: 'tanh',
    recurrentActivation: 'sigmoid',
    recurrentInitializer: 'glorotUniform',
    unitForgetBias: false,
  }) as ReturnType<typeof layers.layers.lstm>
  const model = layers.sequential({
    layers: [
      layers.layers.embedding({ inputDim: vocabularySize, outputDim: embeddingSize, inputLength: time }),
      layers.layers.bidirectional({ layer: layer as never, mergeMode: 'concat' }), // its type asks for a private base class
      layers.layers.globalMaxPooling1d({}),
      layers.layers.dense({ units: classes }),
    ],
  })
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable)
  const named = NAMES.map((name, i) => [name, variables[i]!] as const)
  for (const [name, variable] of named) variable.assign(tf.tensor(weights[name], variable.shape))
  return {
    name: 'tfjs-layers',
    weights: Object.fromEntries(named),
    forward: (words) => model.apply(words, { training: true }) as Tensor,
  }
}

function opsClassifier(tensorFlow: TensorFlow, task: TextTask, { weights }: TextData): Classifier {
  const { tf } = tensorFlow
  const { vocabularySize, embeddingSize, units, classes } = task
  const direction = (name: 'forward' | 'backward'): ReturnType<typeof opsNetwork> => {
    const layer: OpsTask = { kind: 'recurrent', cell: 'lstm', mode: 'train', sizes: textLayer(task) }
    const none = new Float32Array(0)
    return opsNetwork(tensorFlow, layer, {
      input: none,
      target: none,
      kernel: weights[`${name}.kernel`],
      recurrent: weights[`${name}.recurrent`],
      bias: weights[`${name}.bias`],
      recurrentBias: new Float32Array(4 * units),
    })
  }
  const [forward, backward] = [direction('forward'), direction('backward')]
  const embedding = tf.variable(tf.tensor2d(weights.embedding, [vocabularySize, embeddingSize]))
  const kernel = tf.variable(tf.tensor2d(weights['dense.kernel'], [2 * units, classes]))
  const bias = tf.variable(tf.tensor1d(weights['dense.bias']))
  const prefixed = (prefix: string, variables: Readonly<Record<string, Variable>>): [string, Variable][] =>
    Object.entries(variables).map(([name, variable]) => [`${prefix}.${name}`, variable])
  return {
    name: 'tfjs-core ops',
    weights: {
      embedding,
      ...Object.fromEntries([...prefixed('forward', forward.weights), ...prefixed('backward', backward.weights)]),
      'dense.kernel': kernel,
      'dense.bias': bias,
    },
    forward(words) {
      const vectors = tf.gather(embedding as Tensor2D, words) as Tensor as Tensor3D
      const reversed = backward.forward(tf.reverse(vectors, 1), true)
      const sequence = tf.concat([forward.forward(vectors, true), tf.reverse(reversed, 1)], 2)
      return tf.add(tf.matMul(tf.max<Tensor2D>(sequence, 1), kernel as Tensor2D), bias)
    },
  }
}

function training(
  tensorFlow: TensorFlow,
  { weights, forward }: Classifier,
  { batch, time, classes }: TextTask,
  data: TextData,
): Pick<Implementation, 'outputs' | 'run'> {
  const { tf } = tensorFlow
  const words = tf.tensor2d(data.words, [batch, time], 'int32')
  const targets = tf.oneHot(tf.tensor1d(data.labels, 'int32'), classes) as Tensor2D
  return variableSteps(tensorFlow, weights, () => tf.losses.softmaxCrossEntropy(targets, forward(words)) as Scalar)
}
