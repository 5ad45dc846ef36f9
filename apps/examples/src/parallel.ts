/**
 * Training in parallel over time: minGRU (Feng et al. 2024) beside the GRU, ever longer sequences. Of the symbols that pass one is marked, early on; both must remember it to the end. Their gates start
 * closed for about as long as a sequence may last (Tallec & Ollivier 2018).
 */

import { blocks, uniformInitializer, zeroInitializer, type Initializer } from '@rnn/core'
import { hostArray, randomStream, type HostArray, type RandomStream } from '@rnn/data'
import { dense, gru, minGru, sequential } from '@rnn/layers'
import { adam, crossEntropy, Trainer } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const parallel = defineExample({
  description: 'minGRU beside GRU: time to train on ever longer sequences',
  run: compare,
})

const [SYMBOLS, OTHERS, UNITS, ROWS] = [4, 8, 64, 16]

async function compare({ backend, seed, short, print, picture }: ExampleContext): Promise<ExampleResult> {
  const lengths = short ? [16, 64, 256] : [64, 256, 1024, 4096]
  const steps = short ? 100 : 200
  const points: { layer: string; length: number; milliseconds: number }[] = []
  for (const length of lengths) {
    for (const [name, layer] of layersFor(length)) {
      const model = sequential(layer, dense({ units: SYMBOLS }))
      await model.init(backend, { seed })
      const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-2 }), clipNorm: 1 })
      const random = randomStream(seed, length)
      const times: number[] = []
      for (let step = 0; step < steps; step++) {
        const batch = marked(ROWS, length, random)
        const began = performance.now()
        using loss = trainer.step({ ...batch, size: ROWS })
        await loss.data()
        times.push(performance.now() - began)
      }
      trainer.dispose()
      const { inputs, targets } = marked(100, length, random)
      const { data } = await model.predict(inputs)
      const right = targets.data.filter(
        (symbol, row) => largest(data.subarray(row * SYMBOLS, (row + 1) * SYMBOLS)) === symbol,
      )
      const milliseconds = times.toSorted((a, b) => a - b)[steps >> 1]!
      points.push({ layer: name, length, milliseconds })
      print(
        `${length} steps, ${name}: ${milliseconds.toFixed(1)} ms for a training step; after ${steps} of them ${right.length} % remembered (guessed: ${100 / SYMBOLS} %)`,
      )
      model.dispose()
    }
  }
  await picture({
    title: 'Training in parallel over time',
    width: 480,
    height: 320,
    data: { values: points },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'length', type: 'quantitative', scale: { type: 'log', base: 2 }, title: 'time steps of a sequence' },
      y: {
        field: 'milliseconds',
        type: 'quantitative',
        scale: { type: 'log' },
        title: 'milliseconds for a training step',
      },
      color: { field: 'layer', type: 'nominal', title: null },
    },
  })
  const [slow, fast] = points.slice(-2)
  return {
    measure: `milliseconds for a training step of minGRU over ${lengths.at(-1)} time steps (baseline: GRU)`,
    result: fast!.milliseconds,
    baseline: slow!.milliseconds,
    better: 'less',
    shownAs: 'number',
  }
}

/** Both layers, the GRU first. What a unit keeps at each step starts at 1 − 1/T for a T of its own between 2 and the length. */
function layersFor(length: number) {
  const times = uniformInitializer(2, length)
  const gate = (sign: number): Initializer => ({
    name: 'chrono',
    values: (key, shape) => times.values(key, shape).map((time) => sign * Math.log(time - 1)),
  })
  const options = { units: UNITS, inputSize: SYMBOLS + 1, returns: 'last' } as const
  return [
    ['GRU', gru({ ...options, biasInitializer: blocks(zeroInitializer, gate(1), zeroInitializer) })],
    ['minGRU', minGru({ ...options, biasInitializer: blocks(gate(-1), zeroInitializer) })],
  ] as const
}

/** Some eight symbols here and there, one hot, and a feature that marks one of them in the first half: the one to remember. */
function marked(
  rows: number,
  length: number,
  random: RandomStream,
): { inputs: HostArray<Float32Array>; targets: HostArray<Int32Array> } {
  const inputs = new Float32Array(rows * length * (SYMBOLS + 1))
  const targets = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    const place = random.below(length / 2)
    for (let t = 0; t < length; t++) {
      const at = (row * length + t) * (SYMBOLS + 1)
      if (t !== place && random.below(length) >= OTHERS) continue
      const symbol = random.below(SYMBOLS)
      inputs[at + symbol] = 1
      if (t !== place) continue
      inputs[at + SYMBOLS] = 1
      targets[row] = symbol
    }
  }
  return { inputs: hostArray(inputs, [rows, length, SYMBOLS + 1]), targets: hostArray(targets, [rows]) }
}

function largest(values: Float32Array): number {
  return values.indexOf(Math.max(...values))
}
