/**
 * Music as chords over time (Boulanger-Lewandowski et al. 2012): which of 88 keys sound next, given all that sounded before. Each key is a yes-or-no question; what counts is the
 * negative log-likelihood of a time step, summed over the keys, on pieces never heard.
 */

import { randomStream } from '@rnn/data'
import { dense, dropout, gru, lstm, sequential, simpleRnn, type Sequential } from '@rnn/layers'
import { adam, binaryCrossEntropy, earlyStopping, evaluate, fit } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'
import { composed, KEYS, piecesSet, pianoRolls, readPieces, type Piece } from './pieces.ts'

export const music = defineExample({
  description: 'which keys sound next, in chorales or chords',
  data: 'a JSON file: { train, valid, test }, lists of pieces, lists of time steps, lists of keys from 0 to 87',
  options: { layer: { description: 'the recurrent layer', choices: ['all', 'gru', 'lstm', 'rnn'] } },
  run: listen,
})

// About 300,000 parameters each, as in the comparison of Bai et al. 2018.
const LAYERS = {
  rnn: () => simpleRnn({ units: 400, inputSize: KEYS }),
  lstm: () => lstm({ units: 220, inputSize: KEYS }),
  gru: () => gru({ units: 256, inputSize: KEYS }),
}

async function listen(context: ExampleContext<'layer'>): Promise<ExampleResult> {
  const { backend, seed, short, data, options, print, picture } = context
  const pieces = data === undefined ? composed(short ? 60 : 200, seed) : await readPieces(data)
  const testSet = piecesSet(pieces.test, 16)
  const one = options.layer === 'all' ? 'gru' : (options.layer as keyof typeof LAYERS) // the choices above
  const names = options.layer === 'all' && !short ? (['rnn', 'lstm', 'gru'] as const) : [one]
  let result = NaN
  let played: Piece = []
  for (const name of names) {
    const model = sequential(LAYERS[name](), dropout(0.5), dense({ units: KEYS }))
    await model.init(backend, { seed })
    const history = await fit(model, piecesSet(pieces.train, short ? 4 : 8, seed), {
      loss: binaryCrossEntropy(),
      optimizer: adam({ learningRate: (name === 'rnn' ? 5e-4 : 2e-3) * (short ? 3 : 1) }),
      clipNorm: 1,
      seed,
      epochs: short ? 30 : 100,
      validation: piecesSet(pieces.valid, 16),
      callbacks: [earlyStopping({ patience: 5 })],
    })
    const { loss = NaN } = await evaluate(model, testSet, { loss: binaryCrossEntropy() })
    result = KEYS * loss // the loss is a mean over keys
    const { parameterCount } = model
    print(`${name}, ${parameterCount} parameters: ${result.toFixed(2)} after ${history.rows.length} epochs`)
    played = play(model, pieces.test[0]!.slice(0, 8), seed)
    model.dispose()
  }
  await picture(
    pianoRolls({
      'a piece never heard': pieces.test[0]!.slice(0, 64),
      'its first eight chords, and how the network goes on': played,
    }),
  )
  return {
    measure:
      'negative log-likelihood of a time step (baseline: each key by itself, given whether it sounded just before)',
    result,
    baseline: keyByKey(pieces.train, pieces.test),
    better: 'less',
    shownAs: 'number',
  }
}

/** Hears the beginning of a piece, then draws each key by its probability and hears that. */
function play(model: Sequential, beginning: Piece, seed: number): Piece {
  const random = randomStream(seed, 1)
  using stepper = model.stepper({ shape: [1, 1, KEYS] })
  const piece = [...beginning]
  for (let step = 0; step < 63; step++) {
    const chord = new Float32Array(KEYS)
    for (const key of piece[step]!) chord[key] = 1
    const logits = stepper.step(chord)
    if (step + 1 < beginning.length) continue
    piece.push([...logits.keys()].filter((key) => random.uint32() / 2 ** 32 < 1 / (1 + Math.exp(-logits[key]!))))
  }
  return piece
}

/** What someone expects who has counted how often each key goes on, and how often it starts. */
function keyByKey(train: readonly Piece[], test: readonly Piece[]): number {
  // For each key, not sounding and sounding before: how often in all, and how often it sounded then; one more of each kind than there were.
  const seen = new Float64Array(2 * KEYS).fill(2)
  const sounded = new Float64Array(2 * KEYS).fill(1)
  const each = (pieces: readonly Piece[], visit: (slot: number, sounds: boolean) => void): number => {
    let steps = 0
    for (const piece of pieces) {
      for (let step = 1; step < piece.length; step++, steps++)
        for (let key = 0; key < KEYS; key++)
          visit(2 * key + Number(piece[step - 1]!.includes(key)), piece[step]!.includes(key))
    }
    return steps
  }
  each(train, (slot, sounds) => {
    seen[slot]! += 1
    sounded[slot]! += Number(sounds)
  })
  let total = 0
  const steps = each(test, (slot, sounds) => {
    const share = sounded[slot]! / seen[slot]!
    total -= Math.log(sounds ? share : 1 - share)
  })
  return total / steps
}
