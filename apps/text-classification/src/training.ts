/** The training of the network: its loss, optimiser and metric. */

import type { Sequential } from '@rnn/layers'
import { accuracy, adam, cosineDecay, crossEntropy, Trainer, type History } from '@rnn/train'
import type { TrainingFolder } from 'app-kit/training-folder'
import { percent } from 'app-kit/ui/style'
import type { TextDataset } from '@rnn/data'
import type { Settings } from './settings.ts'

/** Texts as batches. */
export interface TextSets {
  readonly train: TextDataset
  readonly validation: TextDataset | undefined
  readonly test: TextDataset | undefined
}

/** Trains the model in place. @throws as {@link TrainingFolder.fit} */
export async function trainNetwork(
  model: Sequential,
  { train, validation }: TextSets,
  { epochs, learningRate: peak, clipNorm, seed }: Settings,
  folder: TrainingFolder,
): Promise<History> {
  using trainer = new Trainer(model, {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: cosineDecay({ peak, totalSteps: epochs * train.batchCount }) }),
    clipNorm,
    seed,
    metrics: [accuracy()],
  })
  return folder.fit(trainer, train, {
    epochs,
    validation,
    unit: { name: 'texts', perEpoch: train.sampleCount },
    describeValidation({ validationAccuracy: measured }) {
      return measured === undefined ? undefined : `validation accuracy ${percent(measured)}`
    },
    data: ({ row }) => row,
  })
}
