/**
 * Finding structure in time (Elman 1990): networks guess what comes next in a stream of bits, in which each third one is the exclusive or of the two before, and in a stream of syllables, in which
 * the consonant decides which vowel follows and how often. Where nothing can be known the error stays high; where something can, it falls. Elman's network feeds its hidden layer back, Jordan's (1986)
 * what it said last, which here is a guess: it remembers the guess, not what led to it.
 */

import { arrayDataset, hostArray, randomStream, type HostArray, type RandomStream } from '@rnn/data'
import { dense, jordan, sequential, simpleRnn, type Module } from '@rnn/layers'
import { adam, fit, meanSquaredError } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'

export const elmanJordan = defineExample({
  description: 'temporal XOR and syllables, by an Elman and a Jordan network',
  run: guess,
})

/** A unit of a stream: its symbols, and for each whether those before tell what it will be. */
interface Unit {
  readonly symbols: readonly (readonly number[])[]
  readonly known: readonly boolean[]
}

// Elman's features: consonant, vowel, interrupted, high, back, voiced.
const CONSONANTS = { b: [1, 0, 1, 0, 0, 1], d: [1, 0, 1, 1, 0, 1], g: [1, 0, 1, 0, 1, 1] }
const VOWELS = { a: [0, 1, 0, 0, 1, 1], i: [0, 1, 0, 1, 0, 1], u: [0, 1, 0, 1, 1, 1] }

const STREAMS: Readonly<Record<string, (random: RandomStream) => Unit>> = {
  'temporal XOR': (random) => {
    const [a, b] = [random.below(2), random.below(2)]
    return { symbols: [[a], [b], [a ^ b]], known: [false, false, true] }
  },
  syllables: (random) => {
    const [consonant, vowel, times] = (
      [
        ['b', 'a', 1],
        ['d', 'i', 2],
        ['g', 'u', 3],
      ] as const
    )[random.below(3)]!
    const vowels = Array.from({ length: times }, () => VOWELS[vowel])
    return { symbols: [CONSONANTS[consonant], ...vowels], known: [false, ...vowels.map(() => true)] }
  },
}

const STEPS = 60

interface Stream {
  readonly inputs: HostArray<Float32Array>
  readonly targets: HostArray<Float32Array>
  /** By row and step: whether the target can be known. */
  readonly known: readonly (readonly boolean[])[]
}

/** Stretches of a stream, with the next symbol as the target of each. */
function stretches(make: (random: RandomStream) => Unit, count: number, random: RandomStream): Stream {
  const rows = Array.from({ length: count }, () => {
    const units: Unit[] = []
    while (units.flatMap(({ known }) => known).length <= STEPS) units.push(make(random))
    return { symbols: units.flatMap(({ symbols }) => symbols), known: units.flatMap(({ known }) => known) }
  })
  const at = (from: number): HostArray<Float32Array> => {
    const values = Float32Array.from(rows.flatMap(({ symbols }) => symbols.slice(from, from + STEPS).flat()))
    return hostArray(values, [count, STEPS, values.length / (count * STEPS)])
  }
  return { inputs: at(0), targets: at(1), known: rows.map(({ known }) => known.slice(1, STEPS + 1)) }
}

async function guess({ backend, seed, short, print, picture }: ExampleContext<never>): Promise<ExampleResult> {
  const points: object[] = []
  let worst = 0
  for (const [stream, make] of Object.entries(STREAMS)) {
    const train = stretches(make, short ? 300 : 1000, randomStream(seed, 1))
    const test = stretches(make, 200, randomStream(seed, 2))
    const size = train.inputs.shape[2]!
    const networks: Readonly<Record<string, Module>> = {
      Elman: sequential(simpleRnn({ units: 16, inputSize: size }), dense({ units: size, activation: 'sigmoid' })),
      Jordan: jordan({ units: 16, inputSize: size, outputs: size }),
    }
    const half = errorsOf(test, test.targets.data.slice().fill(0.5))
    for (const [network, model] of Object.entries(networks)) {
      await model.init(backend, { seed })
      await fit(model, arrayDataset({ inputs: train.inputs, targets: train.targets, batchSize: 20, seed }), {
        loss: meanSquaredError(),
        optimizer: adam({ learningRate: 0.01 }),
        clipNorm: 1,
        epochs: short ? 20 : 40,
        seed,
      })
      const found = errorsOf(test, (await model.predict(test.inputs)).data)
      print(
        `${stream}, ${network}: squared error ${found.known.toFixed(3)} where the next can be known, ${found.unknown.toFixed(3)} where not`,
      )
      found.first.forEach((error, step) => points.push({ stream, network, step: step + 1, error }))
      if (network === 'Elman') worst = Math.max(worst, found.known / half.known)
      model.dispose()
    }
  }
  await picture({
    data: { values: points },
    facet: { row: { field: 'stream', type: 'nominal', title: null } },
    spec: {
      width: 640,
      height: 160,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'step' },
        y: { field: 'error', type: 'quantitative', title: 'squared error of the guess' },
        color: { field: 'network', type: 'nominal', title: null },
      },
    },
  })
  return {
    measure: "Elman's error where the next can be known, as a share of that of someone who always says one half",
    result: worst,
    baseline: 1,
    better: 'less',
    shownAs: 'percent',
  }
}

/** Mean squared errors where the target can be known and where not, and the errors of the first steps of the first stretch, as in the paper's figures. */
function errorsOf(
  { targets, known }: Stream,
  guesses: Float32Array,
): { known: number; unknown: number; first: number[] } {
  const width = targets.shape[2]!
  const errorAt = (row: number, step: number): number => {
    const from = (row * STEPS + step) * width
    const target = targets.data.subarray(from, from + width)
    return target.reduce((sum, value, i) => sum + (value - guesses[from + i]!) ** 2, 0) / width
  }
  const all = known.flatMap((steps, row) => steps.map((is, step) => ({ is, error: errorAt(row, step) })))
  const mean = (values: readonly { error: number }[]): number =>
    values.reduce((sum, { error }) => sum + error, 0) / values.length
  return {
    known: mean(all.filter(({ is }) => is)),
    unknown: mean(all.filter(({ is }) => !is)),
    first: all.slice(0, 30).map(({ error }) => error),
  }
}
