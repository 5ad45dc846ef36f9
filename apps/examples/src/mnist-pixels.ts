/**
 * Digits read a few pixels at a time, in the order of reading (sequential MNIST: Le, Jaitly & Hinton 2015): 784 steps of one pixel, 196 of four or 49 of sixteen. What the first rows
 * showed must be remembered to the last: a test of memory, at which a simple recurrent network fails.
 */

import { arrayDataset, type LabelledImages } from '@rnn/data'
import { dense, gru, lstm, sequential, simpleRnn } from '@rnn/layers'
import { accuracy, adam, cosineDecay, crossEntropy, evaluate, fit } from '@rnn/train'
import { digits, DIGITS_DATA, misread, nearestMean } from './digits.ts'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const mnistPixels = defineExample({
  description: 'digits, a few pixels at a time: a test of memory',
  data: DIGITS_DATA,
  options: {
    steps: { description: 'how many time steps an image is cut into', choices: ['49', '196', '784'] },
    layer: { description: 'the recurrent layer', choices: ['gru', 'lstm', 'rnn'] },
    epochs: { description: 'how often it sees the training digits', choices: ['10', '1', '2', '3', '5', '20'] },
  },
  run: readPixels,
})

const LAYERS = { rnn: simpleRnn, lstm, gru }

async function readPixels(context: ExampleContext<'steps' | 'layer' | 'epochs'>): Promise<ExampleResult> {
  const { backend, seed, short, data, options, print, picture } = context
  const { train, test } = await digits(data, { train: short ? 3000 : 10_000, test: short ? 500 : 2000, seed })
  const steps = Number(options.steps)
  const inputSize = 784 / steps
  // The same numbers, read as a sequence.
  const sequences = ({ inputs, targets }: LabelledImages): LabelledImages => ({
    inputs: { data: inputs.data, shape: [inputs.shape[0]!, steps, inputSize] },
    targets,
  })
  const layer = LAYERS[options.layer as keyof typeof LAYERS] // the choices above
  const model = sequential(layer({ units: short ? 64 : 128, inputSize, returns: 'last' }), dense({ units: 10 }))
  await model.init(backend, { seed })

  const trainSet = arrayDataset({ ...sequences(train), batchSize: short ? 32 : 64, seed })
  const epochs = short ? 4 : Number(options.epochs)
  await fit(model, trainSet, {
    loss: crossEntropy(),
    optimizer: adam({
      learningRate: cosineDecay({ peak: short ? 8e-3 : 3e-3, totalSteps: epochs * trainSet.batchCount }),
    }),
    clipNorm: 1,
    metrics: [accuracy()],
    seed,
    epochs,
    onEpoch: ({ epoch, loss, row }) =>
      print(
        `epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}, ${(100 * (row['accuracy'] ?? 0)).toFixed(1)} % right`,
      ),
  })

  const testSet = arrayDataset({ ...sequences(test), batchSize: 500, shuffle: false })
  const { metrics } = await evaluate(model, testSet, { metrics: [accuracy()] })
  const [first] = testSet.batches(0)
  await picture(misread(first!, await model.predict(first!)))
  return {
    measure: 'digits read right, of those kept for testing (baseline: the nearest mean image)',
    result: metrics.accuracy,
    baseline: nearestMean({ train, test }),
    better: 'more',
    shownAs: 'percent',
  }
}
