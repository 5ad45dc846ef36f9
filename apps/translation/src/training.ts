/** The training of the network: its loss and optimiser, and how often it hears the teacher. */

import type { TranslationDataset } from '@rnn/data'
import type { EncoderDecoder } from '@rnn/layers'
import { adam, cosineDecay, crossEntropy, Trainer, type History } from '@rnn/train'
import type { TrainingFolder } from 'app-kit/training-folder'
import type { Settings } from './settings.ts'

/** Pairs as batches. */
export interface PairSets {
  readonly train: TranslationDataset
  readonly validation: TranslationDataset | undefined
}

/** Trains the model in place. @throws as {@link TrainingFolder.fit} */
export async function trainNetwork(
  model: EncoderDecoder,
  sets: PairSets,
  settings: Settings,
  folder: TrainingFolder,
): Promise<History> {
  const { epochs, learningRate: peak, clipNorm, labelSmoothing, seed } = settings
  const { batchCount, targetTokens } = sets.train
  const totalSteps = epochs * batchCount
  using trainer = new Trainer(model, {
    loss: crossEntropy({ labelSmoothing }),
    optimizer: adam({ learningRate: cosineDecay({ peak, totalSteps }) }),
    clipNorm,
    seed,
  })
  const { teacherForcing: from, teacherForcingEnd: to } = settings
  return folder.fit(trainer, sets.train, {
    epochs,
    validation: sets.validation,
    unit: { name: 'tokens', perEpoch: targetTokens },
    // Scheduled sampling: the share of the teacher's words goes in a straight line.
    onStep(done) {
      model.teacherForcing = from + (to - from) * Math.min(1, done / totalSteps)
    },
    describeValidation({ validationLoss: loss }) {
      return loss === undefined ? undefined : `validation perplexity ${Math.exp(loss).toFixed(2)}`
    },
    data: ({ row, seconds }) => ({ ...row, tokensPerSecond: Math.round(targetTokens / seconds) }),
  })
}
