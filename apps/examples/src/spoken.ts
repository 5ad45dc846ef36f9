/**
 * Speech without knowing when (Graves, Fernández, Gomez & Schmidhuber 2006): log-mel features of sounds, a bidirectional LSTM over their frames, and
 * connectionist temporal classification, which is told only what was said, in which order.
 */

import type { PictureSpec } from 'app-kit/picture'
import { arrayDataset, logMel, type HostArray } from '@rnn/data'
import { bidirectional, dense, lstm, sequential } from '@rnn/layers'
import { adam, cosineDecay, ctc, ctcBeamSearch, ctcGreedy, editDistance, fit, labelErrorRate } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'
import { features, SOUNDS_DATA, utterances, type Utterance } from './sounds.ts'

export const spoken = defineExample({
  description: 'sounds to labels, without knowing when: numbers sung in tones',
  data: SOUNDS_DATA,
  options: { decoder: { description: 'how labels are read out of the outputs', choices: ['greedy', 'beam'] } },
  run: listen,
})

async function listen(context: ExampleContext<'decoder'>): Promise<ExampleResult> {
  const { backend, seed, short, data, options, print, picture } = context
  const { sampleRate, train, test } = await utterances(data, { train: short ? 300 : 1000, test: 200, seed })
  const classes = [...new Set([...train, ...test].flatMap(({ labels }) => labels))].toSorted()
  const ears = logMel({ sampleRate, bands: 24, hop: Math.round(sampleRate / 50), floor: 1e-4 })
  const [heard, unheard] = [features(train, ears, classes), features(test, ears, classes)]

  const model = sequential(
    bidirectional(lstm({ units: short ? 32 : 64, inputSize: ears.bands })),
    dense({ units: classes.length + 1 }), // class 0 is the blank
  )
  await model.init(backend, { seed })
  const trainSet = arrayDataset({ ...heard, batchSize: short ? 10 : 20, seed })
  const epochs = short ? 8 : 6
  await fit(model, trainSet, {
    loss: ctc(),
    optimizer: adam({ learningRate: cosineDecay({ peak: 1e-2, totalSteps: epochs * trainSet.batchCount }) }),
    clipNorm: 1,
    metrics: [labelErrorRate()],
    seed,
    epochs,
    onEpoch: ({ epoch, loss, row }) =>
      print(
        `epoch ${epoch} of ${epochs}: loss ${loss.toFixed(3)}, label error rate ${row['labelErrorRate']?.toFixed(3)}`,
      ),
  })

  const outputs = await model.predict(unheard)
  const { lengths } = unheard
  const found =
    options.decoder === 'beam'
      ? ctcBeamSearch(outputs, { lengths }).map(([best]) => best?.labels ?? [])
      : ctcGreedy(outputs, { lengths }).map(({ labels }) => labels)
  const said = found.map((labels) => labels.map((label) => classes[label - 1] ?? '?'))
  test.slice(0, 5).forEach(({ labels }, i) => print(`said ${labels.join(' ')}, understood ${said[i]?.join(' ')}`))
  await picture(drawing(outputs, lengths.data[0] ?? 0, classes))
  return {
    measure: 'label error rate (baseline: what was said in the training sound that is as long)',
    result: errorRate(test, said),
    baseline: errorRate(
      test,
      test.map(({ samples }) => nearestInLength(train, samples.length).labels),
    ),
    better: 'less',
    shownAs: 'percent',
  }
}

function errorRate(sounds: readonly Utterance[], said: readonly (readonly string[])[]): number {
  const codes = (labels: readonly string[]): number[] => labels.map((label) => label.codePointAt(0) ?? 0)
  const errors = sounds.map(({ labels }, i) => editDistance(codes(labels), codes(said[i] ?? [])))
  return errors.reduce((a, b) => a + b, 0) / sounds.flatMap(({ labels }) => labels).length
}

function nearestInLength(sounds: readonly Utterance[], length: number): Utterance {
  const away = ({ samples }: Utterance): number => Math.abs(samples.length - length)
  return sounds.reduce((best, each) => (away(each) < away(best) ? each : best))
}

/** The probabilities of the labels in the frames of the first sound: spikes with blanks between them. */
function drawing({ data, shape }: HostArray<Float32Array>, frames: number, classes: readonly string[]): PictureSpec {
  const width = shape[2] ?? 1
  const values = Array.from({ length: frames }, (_, t) => {
    const row = data.subarray(t * width, (t + 1) * width).map(Math.exp)
    const total = row.reduce((a, b) => a + b, 0)
    return Array.from(row, (x, c) => ({ frame: t, label: classes[c - 1] ?? 'blank', probability: x / total }))
  }).flat()
  return {
    title: 'What the network hears in one sound',
    width: 700,
    height: 200,
    data: { values },
    mark: 'line',
    encoding: {
      x: { field: 'frame', type: 'quantitative', title: 'frame (20 ms)' },
      y: { field: 'probability', type: 'quantitative' },
      color: { field: 'label', type: 'nominal', sort: ['blank', ...classes], scale: { scheme: 'tableau20' } },
      strokeDash: { condition: { test: "datum.label === 'blank'", value: [3, 3] }, value: [1, 0] },
    },
  }
}
