/**
 * Digits read row by row (Le, Jaitly & Hinton 2015 read them pixel by pixel; rows are what Keras's first recurrent examples did): each of the 28 rows
 * of an image is a time step, and after the last one a dense layer says which digit it was.
 */

import { arrayDataset } from '@rnn/data'
import { dense, gru, lstm, sequential, simpleRnn } from '@rnn/layers'
import { accuracy, cosineDecay, crossEntropy, evaluate, fit, rmsprop } from '@rnn/train'
import { digits, DIGITS_DATA, misread, nearestMean } from './digits.ts'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const mnistRows = defineExample({
  description: 'digits, a row of pixels at a time',
  data: DIGITS_DATA,
  options: { layer: { description: 'the recurrent layer', choices: ['rnn', 'lstm', 'gru'] } },
  run: readRows,
})

const LAYERS = { rnn: simpleRnn, lstm, gru }

async function readRows(context: ExampleContext<'layer'>): Promise<ExampleResult> {
  const { backend, seed, short, data, options, print, picture } = context
  const { train, test } = await digits(data, { train: short ? 3000 : 10_000, test: short ? 500 : 2000, seed })
  const layer = LAYERS[options.layer as keyof typeof LAYERS] // the choices above
  const model = sequential(layer({ units: 128, inputSize: 28, returns: 'last' }), dense({ units: 10 }))
  await model.init(backend, { seed })

  const trainSet = arrayDataset({ ...train, batchSize: short ? 32 : 128, seed })
  const epochs = short ? 4 : 20
  const totalSteps = epochs * trainSet.batchCount
  await fit(model, trainSet, {
    loss: crossEntropy(),
    optimizer: rmsprop({ learningRate: cosineDecay({ peak: 1e-3, totalSteps }), decay: 0.9 }),
    clipNorm: 1,
    metrics: [accuracy()],
    seed,
    epochs,
    onEpoch: ({ epoch, loss, row }) =>
      print(
        `epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}, ${(100 * (row['accuracy'] ?? 0)).toFixed(1)} % right`,
      ),
  })

  const testSet = arrayDataset({ ...test, batchSize: 500, shuffle: false })
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
