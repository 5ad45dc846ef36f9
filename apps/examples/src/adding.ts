/**
 * The adding problem (Hochreiter & Schmidhuber 1997; sizes as in Bai, Kolter & Koltun 2018): a sequence of random numbers, two of them marked, one in either half. What is their sum? Whoever can't carry a
 * number over hundreds of steps does no better than to say 1, and errs by 1/6.
 */

import { hostArray, randomStream, type HostArray } from '@rnn/data'
import { dense, gru, lstm, sequential, simpleRnn, type Module } from '@rnn/layers'
import { adam, cosineDecay, evaluate, fit, meanSquaredError } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'
import { learningCurves, newBatches, oneBatch, type CurvePoint } from './learning.ts'

export const adding = defineExample({
  description: 'the sum of two numbers that are far apart among many',
  options: {
    steps: { description: 'how long the sequences are', choices: ['200', '100', '400', '600'] },
    layer: { description: 'the recurrent layer', choices: ['gru', 'lstm', 'rnn', 'all'] },
  },
  run: carry,
})

type Layer = (units: number) => Module
// About 70,000 parameters each, as in the comparison.
const LAYERS: Readonly<Record<string, readonly [layer: Layer, units: number]>> = {
  rnn: [(units) => simpleRnn({ units, inputSize: 2, returns: 'last' }), 256],
  lstm: [(units) => lstm({ units, inputSize: 2, returns: 'last' }), 130],
  gru: [(units) => gru({ units, inputSize: 2, returns: 'last' }), 150],
}
/** Errors of Bai, Kolter & Koltun 2018, table 1, at 600 steps. */
const PAPER: Readonly<Record<string, number>> = { rnn: 0.177, lstm: 0.164, gru: 5.3e-5 }
const BATCH = 32
const BATCHES = 100

interface Sums {
  readonly inputs: HostArray<Float32Array>
  readonly targets: HostArray<Float32Array>
  readonly size: number
}

/** New sequences `[batch, steps, 2]`: a number and its mark. */
function sums(batch: number, steps: number, seed: number): Sums {
  const random = randomStream(seed, 6)
  const data = new Float32Array(batch * steps * 2)
  const targets = Float32Array.from({ length: batch }, (_, row) => {
    const from = row * steps
    for (let t = 0; t < steps; t++) data[2 * (from + t)] = random.uint32() / 2 ** 32
    const half = Math.floor(steps / 2)
    const marked = [from + random.below(half), from + half + random.below(steps - half)]
    for (const at of marked) data[2 * at + 1] = 1
    return marked.reduce((sum, at) => sum + data[2 * at]!, 0)
  })
  return { inputs: hostArray(data, [batch, steps, 2]), targets: hostArray(targets, [batch, 1]), size: batch }
}

async function carry({
  backend,
  seed,
  short,
  options,
  print,
  picture,
}: ExampleContext<'steps' | 'layer'>): Promise<ExampleResult> {
  const steps = short ? 40 : Number(options.steps)
  const test = sums(1000, steps, seed + 1)
  const testSet = oneBatch(test, test.size)
  const trainSet = newBatches(BATCHES, BATCH, seed, (own) => sums(BATCH, steps, own))
  const epochs = short ? 5 : steps > 400 ? 75 : 25
  const points: CurvePoint[] = []
  let result = NaN
  for (const name of options.layer === 'all' ? Object.keys(LAYERS) : [options.layer]) {
    const [layer, units] = LAYERS[name]!
    const model = sequential(layer(short ? 64 : units), dense({ units: 1 }))
    await model.init(backend, { seed })
    await fit(model, trainSet, {
      loss: meanSquaredError(),
      optimizer: adam({ learningRate: cosineDecay({ peak: short ? 5e-3 : 2e-3, totalSteps: epochs * BATCHES }) }),
      clipNorm: 1,
      seed,
      epochs,
      validation: testSet,
      onEpoch({ epoch, validation }) {
        points.push({ of: name, at: epoch * BATCHES, error: validation?.loss })
        if (epoch % 5 === 0)
          print(`${name}, ${epoch * BATCHES} updates: squared error ${validation?.loss?.toExponential(1)}`)
      },
    })
    const { loss = NaN } = await evaluate(model, testSet, { loss: meanSquaredError() })
    const paper = steps === 600 ? `; the paper's: ${PAPER[name]}` : ''
    print(`${name}, ${model.parameterCount} parameters: ${loss.toExponential(1)}${paper}`)
    result = loss
    model.dispose()
  }
  await picture(learningCurves(points, { at: 'updates of 32 sequences', error: 'squared error', scale: 'log' }))
  return {
    measure: `squared error of the sum, ${steps} steps apart at most (baseline: always 1)`,
    result,
    baseline: 1 / 6,
    better: 'less',
    shownAs: 'number',
  }
}
