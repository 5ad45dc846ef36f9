/** The text classifier as a user of `@rnn/layers` and `@rnn/train` writes it. */

import { readTensors, type Backend, type Tensor } from '@rnn/core'
import { bidirectional, dense, embedding, lstm, maxOverTime, sequential } from '@rnn/layers'
import { adam, crossEntropy, Trainer } from '@rnn/train'
import { ADAM } from '../../workloads/recurrent-data.ts'
import { textData } from '../../workloads/text-data.ts'
import type { TextTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation, Outputs } from '../subject.ts'
import { assignWeights } from './assign.ts'

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
  const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: adam(ADAM) })
  const batch = { inputs: { data: words, shape: [size, time] }, targets: { data: labels, shape: [size] }, size }

  return {
    name: 'trainer.step',
    equation: EQUATIONS.text,
    timed: true,
    async outputs(): Promise<Outputs> {
      const step = trainer.computeGradients(batch)
      trainer.applyGradients(step)
      const values = model.parameters().map(({ path, variable }) => [path, variable.value] as const)
      const outputs = {
        values: await named([['loss', step.loss]]),
        gradients: await named(Object.entries(step.gradients)),
        updated: await named(values),
      }
      step.dispose()
      return outputs
    },
    async run() {
      const loss = trainer.step(batch)
      await loss.data()
      loss.dispose()
    },
  }
}

async function named(tensors: readonly (readonly [string, Tensor])[]): Promise<Record<string, Float32Array>> {
  const arrays = await readTensors(tensors.map(([, tensor]) => tensor))
  return Object.fromEntries(tensors.map(([path], i) => [nameOf(path), Float32Array.from(arrays[i] ?? [])]))
}
