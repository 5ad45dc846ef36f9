/** Training steps of a model on one batch, with Adam. */

import { readTensors, type Tensor } from '@rnn/core'
import type { Module } from '@rnn/layers'
import { adam, Trainer, type Loss, type TrainingBatch } from '@rnn/train'
import { ADAM } from '../../workloads/recurrent-data.ts'
import type { Implementation, Outputs } from '../subject.ts'

/** `trainer.step`, the loss read each time. @param nameOf the bench's name of the weights at a path */
export function trainerSteps<Input, Output, Targets>(
  model: Module<Input, Output>,
  loss: Loss<Output, Targets>,
  batch: TrainingBatch<Input, Targets>,
  nameOf: (path: string) => string = (path) => path,
): Pick<Implementation, 'outputs' | 'run'> {
  const trainer = new Trainer<Input, Output, Targets>(model, { loss, optimizer: adam(ADAM) })
  const named = async (tensors: readonly (readonly [string, Tensor])[]): Promise<Record<string, Float32Array>> => {
    const arrays = await readTensors(tensors.map(([, tensor]) => tensor))
    return Object.fromEntries(tensors.map(([path], i) => [nameOf(path), Float32Array.from(arrays[i] ?? [])]))
  }
  return {
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
      const value = trainer.step(batch)
      await value.data()
      value.dispose()
    },
  }
}
