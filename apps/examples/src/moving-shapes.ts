/**
 * The next frame of a film (Shi et al. 2015, "Convolutional LSTM network"): shapes move and bounce off the walls. One frame says where they are, only the frames before say
 * where they go, and so the network must remember, at each place of the picture, what went by.
 */

import { arrayDataset, randomStream } from '@rnn/data'
import { conv2d, convLstm2d, sequential } from '@rnn/layers'
import { adam, binaryCrossEntropy, cosineDecay, fit } from '@rnn/train'
import { defineExample, type ExampleContext, type ExampleResult } from './example.ts'
import { drawing, films, SIZE, STEPS } from './films.ts'

export const movingShapes = defineExample({
  description: 'the next frame of a film of shapes that move and bounce',
  run: foreseeFrames,
})

async function foreseeFrames({ backend, seed, short, print, picture }: ExampleContext<never>): Promise<ExampleResult> {
  const train = films(short ? 240 : 4000, randomStream(seed, 0))
  const test = films(100, randomStream(seed, 1))
  const model = sequential(
    convLstm2d({ filters: 8, kernelSize: 3, inputSize: 1 }),
    convLstm2d({ filters: 8, kernelSize: 3 }),
    conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
    conv2d({ filters: 1, kernelSize: 3, padding: 'same' }),
  )
  await model.init(backend, { seed })

  const trainSet = arrayDataset({ ...train, batchSize: 4, seed })
  const epochs = 2
  const peak = short ? 2e-2 : 1e-2
  await fit(model, trainSet, {
    loss: binaryCrossEntropy(),
    optimizer: adam({ learningRate: cosineDecay({ peak, totalSteps: epochs * trainSet.batchCount }) }),
    seed,
    epochs,
    onEpoch: ({ epoch, loss }) => print(`epoch ${epoch} of ${epochs}: cross-entropy ${loss.toFixed(4)}`),
  })

  const logits = await model.predict({ inputs: test.inputs })
  const found = logits.data.map((logit) => 1 / (1 + Math.exp(-logit)))
  const at = (frames: Float32Array, step: number): string => squaredError(frames, test.targets.data, step).toFixed(4)
  print(
    `squared error after one frame: ${at(found, 0)}; after two: ${at(found, 1)}; after ten: ${at(found, STEPS - 1)}`,
  )
  await picture(drawing(test, found))
  return {
    measure: 'squared error of a pixel of the next frame (baseline: the last frame stays)',
    result: squaredError(found, test.targets.data),
    baseline: squaredError(test.inputs.data, test.targets.data),
    better: 'less',
    shownAs: 'number',
  }
}

/** The mean over all frames, or over those of one step. */
function squaredError(frames: Float32Array, truth: Float32Array, step?: number): number {
  const errors = truth
    .map((ink, i) => (frames[i]! - ink) ** 2)
    .filter((_, i) => step === undefined || Math.floor(i / SIZE ** 2) % STEPS === step)
  return errors.reduce((sum, error) => sum + error, 0) / errors.length
}
