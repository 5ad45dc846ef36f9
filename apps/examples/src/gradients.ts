/**
 * Why plain recurrent networks forget (Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013). How much does the state of k steps ago still move the loss? In a plain network
 * that falls or grows like a power of k. Gates and residual connections keep it from vanishing, clipping takes the edge off explosions. The task: after many steps of noise, tell which
 * of two signs came first.
 */

import { add, hostUniform, linear, mean, mul, scaledOrthogonal, simpleCell, square, tanh } from '@rnn/core'
import type { Initializer } from '@rnn/core'
import { arrayDataset, hostArray, randomStream, type HostArray } from '@rnn/data'
import { dense, gru, lstm, rnn, sequential, simpleRnn, type Module } from '@rnn/layers'
import { accuracy, adam, crossEntropy, evaluate, fit, gradientsByLag, sgd } from '@rnn/train'
import type { FitOptions, GradientReport, GradientWarning } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const gradients = defineExample({
  description: 'gradients that vanish and explode over time, and what helps',
  run: compare,
})

/** The plain network with a residual connection from each step to the next: h' = h + tanh(x·W + b + h·R) / 10. */
const residualCell: typeof simpleCell = {
  ...simpleCell,
  kind: 'residualRnn',
  step: (projected, [h], { recurrent }) => [add(h, mul(tanh(add(projected, linear(h, recurrent))), 0.1))],
}

/** Biases of gates that remember for 1 … `steps` (Tallec & Ollivier 2018): the second gate keeps, f of the LSTM, z of the GRU; the LSTM's first, i, is its complement. */
const chrono = (gates: 3 | 4, steps: number): Initializer => ({
  name: 'chrono',
  values(key, [size = 0]) {
    const [units, next] = [size / gates, hostUniform(key)]
    const keep = Array.from({ length: units }, () => Math.log(1 + next() * (steps - 2)))
    const first = keep.map((bias) => (gates === 4 ? -bias : 0))
    return Float32Array.from({ length: size }, (_, i) => [...first, ...keep][i] ?? 0)
  },
})

type Sequences = Readonly<{ inputs: HostArray<Float32Array>; targets: HostArray<Int32Array> }>

/** Sequences that begin with a sign and go on with noise. */
function signs(count: number, steps: number, seed: number): Sequences {
  const random = randomStream(seed, steps)
  const data = Float32Array.from({ length: count * steps * 2 }, (_, i) => (i % 2) * (random.uint32() / 2 ** 31 - 1))
  const labels = Int32Array.from({ length: count }, () => random.below(2))
  labels.forEach((label, row) => data.set([2 * label - 1, 0], row * steps * 2))
  return { inputs: hostArray(data, [count, steps, 2]), targets: hostArray(labels, [count]) }
}

async function compare(context: ExampleContext<never>): Promise<ExampleResult> {
  const { backend, seed, short, print, picture } = context
  const steps = short ? 60 : 100
  const shape = { units: 32, inputSize: 2, returns: 'last', recurrentInitializer: scaledOrthogonal(0.7) } as const
  const layers = {
    'plain RNN': simpleRnn(shape),
    LSTM: lstm({ ...shape, biasInitializer: chrono(4, steps) }),
    GRU: gru({ ...shape, biasInitializer: chrono(3, steps) }),
    'residual RNN': rnn(residualCell, shape),
  }
  const probe = signs(32, steps, seed + 2).inputs
  const right: Record<string, number> = {}
  const points: { network: string; when: string; lag: number; norm: number }[] = []
  for (const [network, each] of Object.entries(layers)) {
    const layer = each as Module
    const look = async (when: string): Promise<number> => {
      const norms = await gradientsByLag(layer, probe, (hidden) => mean(square(hidden)))
      norms.forEach((norm, lag) => points.push({ network, when, lag, norm: Math.max(norm / norms[0]!, 1e-12) }))
      return norms.at(-1)! / norms[0]!
    }
    const model = await sequential(layer, dense({ units: 2 })).init(backend, { seed })
    const before = await look('at the start')
    right[network] = await learn(model, seed, signs(short ? 1600 : 3200, steps, seed))
    const after = await look('trained')
    const left = [before, after].map((share) => share.toExponential(0)).join(', trained ')
    print(`${network}: ${percent(right[network])} right; of the gradient ${left} reaches the first step`)
  }
  await explode(context)
  const x = { field: 'lag', type: 'quantitative', title: 'time lag k' } as const
  const y = { field: 'norm', type: 'quantitative', scale: { type: 'log' }, title: '‖∂L/∂h(T−k)‖, 1 at k = 0' } as const
  const color = { field: 'network', type: 'nominal', title: null } as const
  await picture({
    data: { values: points },
    facet: { column: { field: 'when', title: null } },
    spec: { width: 320, height: 260, mark: 'line', encoding: { x, y, color } },
  })
  const { 'plain RNN': plain = 0, ...cures } = right
  return {
    measure: `the sign of ${steps} steps ago, by the worst of LSTM, GRU and residual RNN (baseline: plain RNN)`,
    result: Math.min(...Object.values(cures)),
    baseline: plain,
    better: 'more',
    shownAs: 'percent',
  }
}

/** Recurrent weights twice as large: gradients explode, and one step that is too long ruins what was learned. */
async function explode(context: ExampleContext<never>): Promise<void> {
  const { backend, seed, print } = context
  for (const clipNorm of [undefined, 1]) {
    const layer = simpleRnn({ units: 32, inputSize: 2, returns: 'last', recurrentInitializer: scaledOrthogonal(2) })
    const model = await sequential(layer, dense({ units: 2 })).init(backend, { seed })
    let largest = 0
    const onReport = ({ total }: GradientReport): void => void (largest = Math.max(largest, total))
    const onWarning = ({ message }: GradientWarning): void => print(`  ${message}`)
    const options = { optimizer: sgd({ learningRate: 1 }), clipNorm, watchGradients: { every: 1, onReport, onWarning } }
    const found = await learn(model, seed, signs(2400, 20, seed), options)
    print(`${clipNorm ? 'clipped' : 'not clipped'}: ${percent(found)} right, gradients up to ${largest.toFixed(0)}`)
  }
}

/** Trains a model, and tells how much it gets right of other sequences. */
async function learn(
  model: Module,
  seed: number,
  examples: Sequences,
  options: Partial<FitOptions> = {},
): Promise<number> {
  const set = arrayDataset({ ...examples, batchSize: 32, seed })
  const usual = { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-2 }), clipNorm: 1, epochs: 3, seed }
  await fit(model, set, { ...usual, ...options })
  const [, steps = 0] = examples.inputs.shape
  const test = arrayDataset({ ...signs(500, steps, seed + 1), batchSize: 100 })
  return (await evaluate(model, test, { metrics: [accuracy()] })).metrics.accuracy
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
