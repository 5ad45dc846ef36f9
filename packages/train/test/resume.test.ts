// Every optimiser in a training that is interrupted: what follows is the same to the last bit, with all that steers updates.

import { expect, test } from 'vitest'
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  crossEntropy,
  ema,
  lion,
  nadam,
  oneCycle,
  reduceOnPlateau,
  rmsprop,
  sgd,
  Trainer,
  warmUp,
  type Optimizer,
  type TrainerOptions,
} from '../src/index.ts'
import { sequences, trained, weightsOf } from './helpers.ts'

const learningRate = warmUp(oneCycle({ peak: 0.05, totalSteps: 30 }), { steps: 3 })

const optimizers: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => sgd({ learningRate, weightDecay: 0.01 }),
  nesterov: () => sgd({ learningRate, momentum: 0.9, nesterov: true }),
  rmsprop: () => rmsprop({ learningRate, centered: true, momentum: 0.5 }),
  adam: () => adam({ learningRate, weightDecay: 0.01 }),
  adamW: () => adamW({ learningRate }),
  amsgrad: () => adam({ learningRate, amsgrad: true }),
  amsgradW: () => adamW({ learningRate, amsgrad: true }),
  adagrad: () => adagrad({ learningRate, learningRateDecay: 0.1 }),
  adadelta: () => adadelta({ learningRate }),
  nadam: () => nadam({ learningRate, weightDecay: 0.01, decoupledWeightDecay: true }),
  adamax: () => adamax({ learningRate }),
  lion: () => lion({ learningRate, weightDecay: 0.01 }),
}

test.each(Object.entries(optimizers))('%s, after steps 1, 6, 8 and 11 of 18', async (_, optimizer) => {
  const options = (): TrainerOptions => ({
    loss: crossEntropy(),
    optimizer: optimizer(),
    clipNormPerTensor: 0.5,
    averaging: ema({ decay: 0.9 }),
    callbacks: [reduceOnPlateau({ monitor: 'loss', patience: 1, minDelta: 10 })], // reduces after the second epoch
    seed: 7,
  })
  const straight = await trained()
  const whole = new Trainer(straight, options())
  const files: Uint8Array[] = []
  const expected = await whole.fit(sequences(), {
    epochs: 3,
    validation: sequences({ seed: 2 }),
    onBatch: async () => void files.push(await whole.checkpoint()),
  })
  for (const at of [1, 6, 8, 11]) {
    const model = await trained(9)
    const trainer = new Trainer(model, options())
    await trainer.restore(files[at - 1]!)
    const history = await trainer.fit(sequences(), { epochs: 3, validation: sequences({ seed: 2 }) })
    for (const column of ['loss', 'validationLoss', 'learningRate'])
      expect(history.column(column)).toEqual(expected.column(column))
    expect(await weightsOf(model)).toEqual(await weightsOf(straight))
    expect(trainer.learningRate).toBe(whole.learningRate)
  }
})
