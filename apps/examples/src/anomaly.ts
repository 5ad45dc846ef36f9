/**
 * What is odd in a series, without having been shown anything odd (Malhotra et al. 2016, "LSTM-based encoder-decoder for multi-sensor anomaly detection"): an autoencoder squeezes
 * stretches of the normal series through a small state and unfolds them again. What it can't unfold is something that it has not seen.
 */

import { broadcastTo, reshape, type Tensor } from '@rnn/core'
import { arrayDataset, randomStream, seriesWindows, sliceSeries, standardScaler, type HostArray } from '@rnn/data'
import { child, dense, lstm, Module, type ForwardContext } from '@rnn/layers'
import { adam, cosineDecay, fit, meanSquaredError } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'
import { drawing, plant, pulse, STEPS } from './odd-series.ts'
import { readSeries, SERIES_DATA } from './series.ts'

export const anomaly = defineExample({
  description: 'an autoencoder finds what is odd in a series',
  data: `${SERIES_DATA}, normal all along`,
  run: findOdd,
})

/** A sequence → the state at its end → the sequence. */
class Autoencoder extends Module {
  readonly encoder = lstm({ units: 48, inputSize: 1, returns: 'last' })
  readonly decoder = lstm({ units: 48, inputSize: 48 })
  readonly output = dense({ units: 1, inputSize: 48 })

  forward(x: Tensor, context: ForwardContext): Tensor {
    const state = this.encoder.forward(x, child(context, 'encoder'))
    const [batch = 0, units = 0] = state.shape
    const repeated = broadcastTo(reshape(state, [batch, 1, units]), [batch, x.shape[1] ?? 0, units])
    return this.output.forward(this.decoder.forward(repeated, child(context, 'decoder')))
  }
}

async function findOdd({ backend, seed, short, data, print, picture }: ExampleContext<never>): Promise<ExampleResult> {
  const random = randomStream(seed, 3)
  const series = data === undefined ? pulse(short ? 10_000 : 30_000, random) : await readSeries(data)
  const count = series.values.shape[0]!
  const [trainEnd, testStart] = [Math.floor(0.5 * count), Math.floor(0.6 * count)]
  const scaler = standardScaler(sliceSeries(series, 0, trainEnd).values)
  const scaled = { ...series, values: scaler.apply(series.values) }
  const stretches = (from: number, to: number, stride: number): HostArray<Float32Array> =>
    seriesWindows(sliceSeries(scaled, from, to), { steps: STEPS, stride }).inputs
  const train = stretches(0, trainEnd, short ? 8 : 5)
  const normal = stretches(trainEnd, testStart, 5)
  const test = stretches(testStart, count, STEPS)
  const odd = Array.from({ length: test.shape[0]! }, () => random.below(8) === 0)
  for (const [i, is] of odd.entries()) if (is) plant(test.data.subarray(i * STEPS, (i + 1) * STEPS), random)

  const model = new Autoencoder()
  await model.init(backend, { seed })
  const trainSet = arrayDataset({ inputs: train, targets: train, batchSize: 32, seed })
  const epochs = short ? 12 : 40
  await fit(model, trainSet, {
    loss: meanSquaredError(),
    optimizer: adam({ learningRate: cosineDecay({ peak: 5e-3, totalSteps: epochs * trainSet.batchCount }) }),
    clipNorm: 1,
    seed,
    epochs,
    onEpoch: ({ epoch, loss }) => {
      if (epoch % 4 === 0) print(`epoch ${epoch} of ${epochs}: squared error ${loss.toFixed(4)}`)
    },
  })

  const unfolded = await model.predict(test)
  const found = judge(errors(test, unfolded), errors(normal, await model.predict(normal)), odd)
  const naive = judge(farthest(test), farthest(normal), odd)
  const told = ({ precision, recall }: Judgement): string =>
    `precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`
  print(
    `${odd.filter(Boolean).length} of ${odd.length} stretches are odd: ${told(found)}; by the farthest value: ${told(naive)}`,
  )
  await picture(drawing(test, unfolded, odd, found.flagged))
  return {
    measure: 'F1 of odd stretches (baseline: those whose farthest value lies farther out than any of the normal ones)',
    result: found.f1,
    baseline: naive.f1,
    better: 'more',
    shownAs: 'number',
  }
}

interface Judgement {
  readonly flagged: readonly boolean[]
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** Flags what scores above all but one in two hundred of the normal stretches. */
function judge(scores: readonly number[], normal: readonly number[], odd: readonly boolean[]): Judgement {
  const threshold = normal.toSorted((a, b) => a - b)[Math.floor(0.995 * normal.length)]!
  const flagged = scores.map((score) => score > threshold)
  const hits = flagged.filter((is, i) => is && odd[i]).length
  const precision = hits / Math.max(1, flagged.filter(Boolean).length)
  const recall = hits / Math.max(1, odd.filter(Boolean).length)
  return {
    flagged,
    precision,
    recall,
    f1: (2 * hits) / Math.max(1, flagged.filter(Boolean).length + odd.filter(Boolean).length),
  }
}

/** A number for each stretch. */
function each(stretches: HostArray<Float32Array>, score: (values: Float32Array, start: number) => number): number[] {
  return Array.from({ length: stretches.shape[0]! }, (_, i) =>
    score(stretches.data.subarray(i * STEPS, (i + 1) * STEPS), i * STEPS),
  )
}

const errors = (stretches: HostArray<Float32Array>, unfolded: HostArray<Float32Array>): number[] =>
  each(stretches, (values, start) =>
    values.reduce((sum, value, i) => sum + (value - unfolded.data[start + i]!) ** 2, 0),
  )

const farthest = (stretches: HostArray<Float32Array>): number[] =>
  each(stretches, (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0))
