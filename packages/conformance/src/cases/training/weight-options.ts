// What layers say of their weights and outputs, in training: penalties, constraints, steps that are left out.

import type { Backend } from '@rnn/core'
import {
  activityRegularization,
  dense,
  embedding,
  gru,
  l1,
  l1l2,
  l2,
  masking,
  maxNorm,
  minMaxNorm,
  nonNegative,
  sequential,
  unitNorm,
  type Module,
} from '@rnn/layers'
import { crossEntropy, sgd, Trainer } from '@rnn/train'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { compare } from '../../check.ts'
import { hostTensor } from '../../host-tensor.ts'
import { compositesOf } from '../../programs.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain, UNIT_ROUNDOFF } from '../../tolerances.ts'
import { batchOf, BATCHES } from './setup.ts'

const STEPS = 6

const MODELS: readonly (readonly [id: string, title: string, make: () => readonly Module[]])[] = [
  [
    'penalties',
    'penalties on weights and outputs',
    () => [
      embedding({ vocabularySize: 9, units: 6, regularizer: l1(1e-3) }),
      gru({ units: 8, kernelRegularizer: l1l2({ l1: 1e-3, l2: 1e-2 }), recurrentRegularizer: l2(1e-2) }),
      activityRegularization(l2(1e-2)),
      gru({ units: 6, returns: 'last' }),
      dense({ units: 2, activityRegularizer: l1(1e-2) }),
    ],
  ],
  [
    'constraints',
    'constraints on weights',
    () => [
      embedding({ vocabularySize: 9, units: 6, constraint: maxNorm(0.08, { axis: 1 }) }),
      gru({
        units: 8,
        returns: 'last',
        kernelConstraint: unitNorm(),
        recurrentConstraint: minMaxNorm({ min: 0.5, max: 0.9 }),
      }),
      dense({ units: 2, kernelConstraint: nonNegative() }),
    ],
  ],
  [
    'masking',
    'padding found by its value',
    () => [
      masking(),
      embedding({ vocabularySize: 9, units: 6 }),
      gru({ units: 8, returns: 'last' }),
      dense({ units: 2 }),
    ],
  ],
]

async function losses(backend: Backend, layers: readonly Module[]): Promise<number[]> {
  const model = await sequential(...layers).init(backend, { seed: 5 })
  const masks = layers[0]?.type === 'masking'
  const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: sgd({ learningRate: 0.1 }) })
  const found: number[] = []
  for (let i = 0; i < STEPS; i++) {
    const { lengths, ...batch } = batchOf(i % BATCHES)
    const loss = trainer.step(masks ? batch : { ...batch, lengths })
    found.push((await loss.data())[0]!)
    loss.dispose()
  }
  trainer.dispose()
  model.dispose()
  return found
}

export const weightOptionCases: readonly ConformanceCase[] = MODELS.map(([id, title, make]) =>
  caseOf(
    `training/weights/${id}`,
    `${title}: the first ${STEPS} losses are those of float64`,
    async ({ backend, note }) => {
      const expected = hostTensor([STEPS], await losses(referenceBackend(), make()))
      // As in the curves of the classifier: each step may double the error that it finds.
      const bound = expected.values.map((loss, i) => loss * chain(400) * UNIT_ROUNDOFF * 2 ** i)
      note(compare('loss', await losses(backend, make()), expected, bound))
      note(compare('loss of the composites', await losses(compositesOf(backend), make()), expected, bound))
    },
  ),
)
