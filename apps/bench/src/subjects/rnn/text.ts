/** The text classifier as a user of `@rnn/layers` and `@rnn/train` writes it. */

import type { Backend } from '@rnn/core'
import { bidirectional, dense, embedding, lstm, maxOverTime, sequential } from '@rnn/layers'
import { crossEntropy } from '@rnn/train'
import { textData } from '../../workloads/text-data.ts'
import type { TextTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation } from '../subject.ts'
import { assignWeights } from './assign.ts'
import { trainerSteps } from './trainer-steps.ts'

const LAYERS: Readonly<Record<string, string>> = {
  '0.kernel': 'embedding',
  '3.kernel': 'dense.kernel',
  '3.bias': 'dense.bias',
}

/** `1.forward.kernel` of the model is `forward.kernel` of the bench. */
function nameOf(path: string): string {
  return LAYERS[path] ?? path.replace(/^1\./, '')
}

/** `trainer.step` on one batch. */
export async function textImplementation(backend: Backend, task: TextTask): Promise<Implementation> {
  const { batch: size, time, vocabularySize, embeddingSize, units, classes } = task
  const { words, labels, weights } = textData(task)
  const model = sequential(
    embedding({ vocabularySize, units: embeddingSize }),
    bidirectional(lstm({ units })),
    maxOverTime(),
    dense({ units: classes }),
  )
  await model.init(backend, { seed: 1 })
  assignWeights(model, { ...weights }, nameOf)
  const batch = { inputs: { data: words, shape: [size, time] }, targets: { data: labels, shape: [size] }, size }

  return {
    name: 'trainer.step',
    equation: EQUATIONS.text,
    timed: true,
    ...trainerSteps(model, crossEntropy(), batch, nameOf),
  }
}
