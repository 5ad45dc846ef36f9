/**
 * A plain recurrent network over sequences of different lengths: was it a line, or noise? Squared error against 1 and 0, and the same network from the same weights under four optimisers on one plot:
 * gradient descent over all sequences at once, over batches, with momentum, and Adam (Kingma & Ba 2015).
 */

import { arrayDataset, hostArray, randomStream, type Dataset, type HostArray } from '@rnn/data'
import { dense, sequential, simpleRnn } from '@rnn/layers'
import { adam, evaluate, fit, meanSquaredError, sgd, type Optimizer } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'
import { learningCurves, type CurvePoint } from './learning.ts'

export const dynamicRnn = defineExample({
  description: 'lines or noise, sequences of 5 to 20 steps, under four optimisers',
  run: tellApart,
})

const SHORTEST = 5
const LONGEST = 20

/** Sequences of numbers in −1 … 1, padded with zeros; half of them straight lines. */
function sequences(
  count: number,
  batchSize: number,
  seed: number,
): Dataset<HostArray<Float32Array>, HostArray<Float32Array>> {
  const random = randomStream(seed, 5)
  const uniform = (): number => random.uint32() / 2 ** 31 - 1
  const data = new Float32Array(count * LONGEST)
  const lengths = Int32Array.from({ length: count }, () => SHORTEST + random.below(LONGEST - SHORTEST + 1))
  const targets = Float32Array.from(lengths, (length, row) => {
    const isLine = random.below(2)
    const [from, to] = [uniform(), uniform()]
    for (let t = 0; t < length; t++) {
      data[row * LONGEST + t] = isLine === 1 ? from + ((to - from) * t) / (length - 1) : uniform()
    }
    return isLine
  })
  return arrayDataset({
    inputs: hostArray(data, [count, LONGEST, 1]),
    targets: hostArray(targets, [count, 1]),
    lengths: hostArray(lengths, [count]),
    batchSize,
    seed,
  })
}

interface Way {
  readonly optimizer: Optimizer
  readonly batchSize: number
}

async function tellApart({ backend, seed, short, print, picture }: ExampleContext<never>): Promise<ExampleResult> {
  const count = short ? 600 : 2000
  const ways: Readonly<Record<string, Way>> = {
    'gradient descent': { optimizer: sgd({ learningRate: 0.01 }), batchSize: count },
    'stochastic gradient descent': { optimizer: sgd({ learningRate: 0.01 }), batchSize: 50 },
    momentum: { optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }), batchSize: 50 },
    Adam: { optimizer: adam({ learningRate: 1e-3 }), batchSize: 50 },
  }
  const test = sequences(1000, 250, seed + 1)
  const points: CurvePoint[] = []
  let result = NaN
  for (const [way, { optimizer, batchSize }] of Object.entries(ways)) {
    const model = sequential(simpleRnn({ units: 128, inputSize: 1, returns: 'last' }), dense({ units: 1 }))
    await model.init(backend, { seed })
    await fit(model, sequences(count, batchSize, seed), {
      loss: meanSquaredError(),
      optimizer,
      clipNorm: 1,
      seed,
      epochs: short ? 15 : 40,
      validation: test,
      onEpoch: ({ epoch, validation }) => void points.push({ of: way, at: epoch, error: validation?.loss }),
    })
    const { loss = NaN } = await evaluate(model, test, { loss: meanSquaredError() })
    print(`${way}: squared error ${loss.toFixed(4)} on sequences never seen`)
    result = loss
    model.dispose()
  }
  await picture(learningCurves(points, { at: 'epoch', error: 'squared error, unseen sequences', scale: 'log' }))
  return {
    measure: 'squared error with Adam (baseline: always one half)',
    result,
    baseline: 0.25,
    better: 'less',
    shownAs: 'number',
  }
}
