/** The translation model as a user of `@rnn/layers` and `@rnn/train` writes it. */

import type { Backend } from '@rnn/core'
import { additiveAttention, bidirectional, embedding, encoderDecoder, gru } from '@rnn/layers'
import { crossEntropy } from '@rnn/train'
import { seq2seqData } from '../../workloads/seq2seq-data.ts'
import type { Seq2seqTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation } from '../subject.ts'
import { assignWeights } from './assign.ts'
import { trainerSteps } from './trainer-steps.ts'

/** `trainer.step` on one batch. */
export async function seq2seqImplementation(backend: Backend, task: Seq2seqTask): Promise<Implementation> {
  const { batch: size, time, vocabularySize, embeddingSize, units } = task
  const { source, target, labels, weights } = seq2seqData(task)
  const model = encoderDecoder({
    source: embedding({ vocabularySize, units: embeddingSize }),
    encoder: bidirectional(gru({ units })),
    target: embedding({ vocabularySize, units: embeddingSize }),
    decoder: gru({ units }),
    attention: additiveAttention({ units }),
  })
  await model.init(backend, { seed: 1 })
  assignWeights(model, weights)
  const shape = [size, time]
  const batch = {
    inputs: { source: { data: source, shape }, target: { data: target, shape } },
    targets: { data: labels, shape },
    size,
  }
  return {
    name: 'trainer.step',
    equation: EQUATIONS.seq2seq,
    timed: true,
    ...trainerSteps(model, crossEntropy(), batch),
  }
}
