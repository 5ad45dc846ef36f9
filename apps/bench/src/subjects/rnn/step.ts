/** A stream through a layer of `@rnn/layers`, step by step. */

import type { Backend } from '@rnn/core'
import { gru, lstm } from '@rnn/layers'
import { recurrentData } from '../../workloads/recurrent-data.ts'
import { stepSizes } from '../../workloads/step.ts'
import type { StepTask } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import { cycledSteps, firstSteps } from '../step-input.ts'
import type { Implementation } from '../subject.ts'
import { assignWeights } from './assign.ts'

/** `model.stepper`: without waiting where the backend can read so. */
export async function stepImplementation(backend: Backend, task: StepTask): Promise<Implementation> {
  const { cell, units } = task
  const data = recurrentData({ cell, sizes: stepSizes(task) })
  const options = { units, inputSize: units }
  const model = cell === 'lstm' ? lstm(options) : gru(options)
  await model.init(backend, { seed: 1 })
  assignWeights(model, { ...data })
  const stepper = model.stepper({ shape: [1, 1, units] })
  const next = cycledSteps(data.input, units)
  return {
    name: 'stepper',
    equation: EQUATIONS[cell],
    timed: true,
    outputs: () => firstSteps(data.input, units, (input) => stepper.stepAsync(input)),
    run:
      backend.readSync === undefined
        ? async () => void (await stepper.stepAsync(next()))
        : () => void stepper.step(next()),
  }
}
