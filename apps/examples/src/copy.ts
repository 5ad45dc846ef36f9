/**
 * The copy memory task (Hochreiter & Schmidhuber 1997; sizes as in Bai, Kolter & Koltun 2018): ten symbols, a long silence, a sign; then say the ten again. Who forgot them knows when to speak and
 * guesses what, and errs by 10·ln 8 / (T + 20), which is where that comparison found RNN, LSTM and GRU at T = 1000.
 */

import { hostArray, randomStream, type HostArray } from '@rnn/data'
import { dense, embedding, gru, lstm, sequential, simpleRnn, type Module } from '@rnn/layers'
import { adam, cosineDecay, crossEntropy, evaluate, fit } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'
import { learningCurves, newBatches, oneBatch, type CurvePoint } from './learning.ts'

export const copy = defineExample({
  description: 'ten symbols, said again after a long silence',
  options: {
    steps: { description: 'how long the silence is', choices: ['20', '10', '50', '200', '1000'] },
    layer: { description: 'the recurrent layer', choices: ['gru', 'lstm', 'rnn', 'all'] },
  },
  run: repeat,
})

const SYMBOLS = 8 // 1 … 8; 0 is silence, 9 the sign
const SIGN = SYMBOLS + 1
const COPIED = 10
const BATCH = 64
const BATCHES = 100

// About 16,000 parameters each, as in the comparison.
const LAYERS: Readonly<Record<string, () => Module>> = {
  rnn: () => simpleRnn({ units: 116 }),
  lstm: () => lstm({ units: 56 }),
  gru: () => gru({ units: 65 }),
}
/** Losses of Bai, Kolter & Koltun 2018, table 1, at T = 1000. */
const PAPER: Readonly<Record<string, number>> = { rnn: 0.0202, lstm: 0.0204, gru: 0.0197 }

interface Copies {
  readonly inputs: HostArray<Int32Array>
  readonly targets: HostArray<Int32Array>
  readonly size: number
}

/** Ten symbols, `steps` − 1 of silence, the sign, and ten more of silence, `[batch, steps + 20]`; the targets are silent up to the sign. */
function copies(batch: number, steps: number, seed: number): Copies {
  const random = randomStream(seed, 7)
  const time = steps + 2 * COPIED
  const [inputs, targets] = [new Int32Array(batch * time), new Int32Array(batch * time)]
  for (let row = 0; row < batch; row++) {
    const symbols = Array.from({ length: COPIED }, () => 1 + random.below(SYMBOLS))
    inputs.set(symbols, row * time)
    inputs[row * time + COPIED + steps - 1] = SIGN
    targets.set(symbols, row * time + COPIED + steps)
  }
  const shape = [batch, time]
  return { inputs: hostArray(inputs, shape), targets: hostArray(targets, shape), size: batch }
}

async function repeat({
  backend,
  seed,
  short,
  options,
  print,
  picture,
}: ExampleContext<'steps' | 'layer'>): Promise<ExampleResult> {
  const steps = short ? 3 : Number(options.steps)
  const baseline = (COPIED * Math.log(SYMBOLS)) / (steps + 2 * COPIED)
  const test = copies(500, steps, seed + 1)
  const testSet = oneBatch(test, test.size)
  const trainSet = newBatches(BATCHES, BATCH, seed, (own) => copies(BATCH, steps, own))
  const epochs = short ? 12 : steps > 100 ? 20 : 60
  const points: CurvePoint[] = []
  let result = NaN
  for (const name of options.layer === 'all' ? Object.keys(LAYERS) : [options.layer]) {
    const model = sequential(
      embedding({ vocabularySize: SIGN + 1, units: 10 }),
      LAYERS[name]!(),
      dense({ units: SIGN + 1 }),
    )
    await model.init(backend, { seed })
    await fit(model, trainSet, {
      loss: crossEntropy(),
      optimizer: adam({ learningRate: cosineDecay({ peak: 1e-2, totalSteps: epochs * BATCHES }) }),
      clipNorm: 1,
      seed,
      epochs,
      validation: testSet,
      onEpoch({ epoch, validation }) {
        points.push({ of: name, at: epoch * BATCHES, error: validation?.loss })
        if (epoch % 10 === 0) print(`${name}, ${epoch * BATCHES} updates: loss ${validation?.loss?.toFixed(4)}`)
      },
    })
    const { loss = NaN } = await evaluate(model, testSet, { loss: crossEntropy() })
    const paper = steps === 1000 ? `; the paper's: ${PAPER[name]}` : ''
    print(`${name}, ${model.parameterCount} parameters: ${loss.toFixed(4)}${paper}`)
    result = loss
    model.dispose()
  }
  await picture(learningCurves(points, { at: `updates of ${BATCH} sequences`, error: 'loss' }))
  return {
    measure: `cross-entropy after ${steps} steps of silence (baseline: who forgot)`,
    result,
    baseline,
    better: 'less',
    shownAs: 'number',
  }
}
