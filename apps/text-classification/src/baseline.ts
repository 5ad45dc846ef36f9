/**
 * The bag-of-words baseline: logistic regression (softmax for several labels) on how often each word occurs. It sees the same words as the network, but not
 * their order.
 */

import { zeroInitializer, type Backend } from '@rnn/core'
import { mapBatches, type BatchSource, type HostArray, type TextDataset } from '@rnn/data'
import { dense, sequential, type Sequential } from '@rnn/layers'
import { accuracy, adam, cosineDecay, crossEntropy, evaluate, fit } from '@rnn/train'

/** Word counts, float32 `[batch, vocabularySize]`, in the place of ids. */
export function countWords(set: TextDataset, vocabularySize: number): BatchSource<HostArray, HostArray> {
  return mapBatches(set, ({ inputs, targets, lengths, size }) => {
    const time = inputs.shape[1] ?? 0
    const counts = new Float32Array(size * vocabularySize)
    for (let row = 0; row < size; row++) {
      const length = lengths?.data[row] ?? time
      for (let t = 0; t < length; t++) {
        const place = row * vocabularySize + (inputs.data[row * time + t] ?? 0)
        counts[place] = (counts[place] ?? 0) + 1
      }
    }
    return { inputs: { data: counts, shape: [size, vocabularySize] }, targets, size }
  })
}

/** One weight for each word and label, and a bias, all zero at first: the problem is convex. Not initialised yet. */
export function bagOfWords(vocabularySize: number, classes: number): Sequential {
  return sequential(dense({ units: classes, inputSize: vocabularySize, kernelInitializer: zeroInitializer }))
}

// Enough for the weights to settle, on small data too.
const leastEpochs = 10
const leastSteps = 400

/** Trains the baseline, measures it on `test` and frees it. @returns its accuracy */
export async function trainBaseline(
  backend: Backend,
  train: TextDataset,
  test: TextDataset,
  {
    vocabularySize,
    classes,
    seed,
  }: { readonly vocabularySize: number; readonly classes: number; readonly seed: number },
): Promise<number> {
  const model = bagOfWords(vocabularySize, classes)
  try {
    await model.init(backend, { seed })
    const counts = countWords(train, vocabularySize)
    const epochs = Math.max(leastEpochs, Math.ceil(leastSteps / counts.batchCount))
    const learningRate = cosineDecay({ peak: 0.02, totalSteps: epochs * counts.batchCount })
    await fit(model, counts, { loss: crossEntropy(), optimizer: adam({ learningRate }), epochs, seed })
    const { metrics } = await evaluate(model, countWords(test, vocabularySize), { metrics: [accuracy()] })
    return metrics.accuracy
  } finally {
    model.dispose()
  }
}
