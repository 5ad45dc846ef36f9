/**
 * Forecasts of a series from what came before: LSTM(100) → dense, squared error, Adam. Two published set-ups: Brownlee's tutorial on airline passengers (the next step; the first
 * 67 % for training), and that of Informer (Zhou et al. 2021) on ETTh1 (24 hours ahead; 12 months for training, 4 for validation, 4 for testing).
 */

import {
  arrayDataset,
  hostArray,
  seriesWindows,
  sliceSeries,
  standardScaler,
  type Series,
  type SeriesWindows,
} from '@rnn/data'
import { dense, lstm, sequential } from '@rnn/layers'
import { adam, earlyStopping, fit, meanSquaredError } from '@rnn/train'
import { drawnSeries, readSeries, SERIES_DATA } from './series.ts'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const forecast = defineExample({
  description: 'the next values of a series',
  data: SERIES_DATA,
  options: { protocol: { description: 'whose set-up', choices: ['tutorial', 'informer'] } },
  run: foresee,
})

async function foresee(context: ExampleContext<'protocol'>): Promise<ExampleResult> {
  const { backend, seed, short, data, options, print, picture } = context
  const informer = options.protocol === 'informer'
  const series =
    data === undefined ? drawnSeries(informer ? 14_400 : 144, informer ? 24 : 12, seed) : await readSeries(data)
  const steps = informer ? 48 : 12
  const horizon = informer ? 24 : 1
  const count = series.values.shape[0]!
  const month = 30 * 24
  // What a part forecasts starts at its own first step; what it reads may lie before.
  const [trainEnd, testStart, end] = informer
    ? [12 * month, 16 * month, Math.min(count, 20 * month)]
    : [Math.floor(0.67 * count), Math.floor(0.67 * count), count]
  const scaler = standardScaler(sliceSeries(series, 0, trainEnd).values)
  const scaled: Series = { ...series, values: scaler.apply(series.values) }
  const windows = (from: number, to: number): SeriesWindows =>
    seriesWindows(sliceSeries(scaled, Math.max(0, from - steps), to), { steps, horizon })
  const test = windows(testStart, end)

  const model = sequential(lstm({ units: 100, inputSize: 1, returns: 'last' }), dense({ units: horizon }))
  await model.init(backend, { seed })
  const epochs = short ? (informer ? 1 : 40) : 100
  const heldOut = informer && {
    validation: arrayDataset({ ...sinceLast(windows(trainEnd, testStart)), batchSize: 500 }),
    callbacks: [earlyStopping({ patience: 3 })],
  }
  await fit(model, arrayDataset({ ...sinceLast(windows(0, trainEnd)), batchSize: 32, seed }), {
    loss: meanSquaredError(),
    optimizer: adam({ learningRate: 1e-3 }),
    seed,
    epochs,
    ...heldOut,
    onEpoch: ({ epoch, loss, row }) => {
      const held = informer ? `, held-out months ${row['validationLoss']?.toFixed(4)}` : ''
      if (informer || epoch % 20 === 0) print(`epoch ${epoch} of ${epochs}: squared error ${loss.toFixed(4)}${held}`)
    },
  })

  const changes = await model.predict(sinceLast(test).inputs)
  const lastValues = test.inputs.data.filter((_, i) => i % steps === steps - 1)
  const found = changes.data.map((change, i) => change + lastValues[Math.floor(i / horizon)]!)
  const persistence = changes.data.map((_, i) => lastValues[Math.floor(i / horizon)]!)
  const mean = (values: Float32Array, of: (error: number) => number): number =>
    values.reduce((sum, value, i) => sum + of(value - test.targets.data[i]!), 0) / values.length
  const squared = (values: Float32Array): number => mean(values, (error) => error * error)
  const told = (values: Float32Array): string =>
    `${squared(values).toFixed(3)} and ${mean(values, Math.abs).toFixed(3)}`
  print(`scaled, mean squared and absolute error: ${told(found)}; persistence: ${told(persistence)}`)

  const inUnits = (values: Float32Array): Float32Array => scaler.invert(hostArray(values, [values.length, 1])).data
  const [truth, guess] = [inUnits(test.targets.data), inUnits(found)]
  const last = Math.min(truth.length, horizon * (horizon === 1 ? 200 : 241))
  const points = Array.from({ length: last }, (_, i) => truth.length - last + i)
    .filter((i) => Math.floor(i / horizon) % horizon === 0) // whole forecasts, one after another
    .flatMap((i, step) => [
      { step, value: truth[i], line: 'what came' },
      { step, value: guess[i], line: 'forecast' },
    ])
  await picture({
    data: { values: points },
    width: 700,
    mark: 'line',
    encoding: {
      x: {
        field: 'step',
        type: 'quantitative',
        title: `time, testing part${horizon > 1 ? ', its last ten forecasts' : ''}`,
      },
      y: { field: 'value', type: 'quantitative', title: series.columns[0] ?? '', scale: { zero: false } },
      color: { field: 'line', type: 'nominal', title: null },
    },
  })
  const rmse = (values: Float32Array): number => scaler.scale[0]! * Math.sqrt(squared(values))
  return {
    measure: 'root mean squared error of forecasts (baseline: the last value goes on)',
    result: rmse(found),
    baseline: rmse(persistence),
    better: 'less',
    shownAs: 'number',
  }
}

/** Windows relative to the last value read, so that the network learns changes and a level it never saw does not confuse it. */
function sinceLast({ inputs, targets }: SeriesWindows): Pick<SeriesWindows, 'inputs' | 'targets'> {
  const [steps, horizon] = [inputs.shape[1]!, targets.shape[1]!]
  const last = (window: number): number => inputs.data[(window + 1) * steps - 1]!
  return {
    inputs: { ...inputs, data: inputs.data.map((value, i) => value - last(Math.floor(i / steps))) },
    targets: { ...targets, data: targets.data.map((value, i) => value - last(Math.floor(i / horizon))) },
  }
}
