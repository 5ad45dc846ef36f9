// Losses and their gradients against PyTorch.

import { valueAndGrad } from '@rnn/autodiff'
import { fusedCounts, tensor, type Tensor } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import {
  binaryCrossEntropy,
  crossEntropy,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  type Loss,
} from '../src/index.ts'
import { absent, backends, expectClose, readVectors, upload, type Vector } from './vectors.ts'

interface LossCase {
  readonly name: string
  readonly input: Vector
  readonly target: Vector
  readonly loss: number
  readonly grad: Vector
}

const built: Readonly<Record<string, Loss>> = {
  mse: meanSquaredError(),
  mae: meanAbsoluteError(),
  huber: huber(),
  binaryCrossEntropyWithLogits: binaryCrossEntropy(),
  crossEntropy: crossEntropy(),
  'crossEntropyLabelSmoothing0.1': crossEntropy({ labelSmoothing: 0.1 }),
  crossEntropyIgnoreIndex0: crossEntropy({ ignoreIndex: 0 }),
}

const cases = readVectors<LossCase>('losses.json')

describe.skipIf(cases === undefined)(`losses are PyTorch's${cases === undefined ? ` (${absent})` : ''}`, () => {
  test('every case is built', () => {
    expect(cases?.map(({ name }) => name).toSorted()).toEqual(Object.keys(built).toSorted())
  })

  describe.each(backends)('%s', (title, make) => {
    test.each(cases ?? [])('$name', async ({ name, input, target, loss, grad }) => {
      const backend = await make()
      const labels = target.shape.length < input.shape.length
      const targets = labels
        ? tensor(Int32Array.from(target.data), { backend, shape: target.shape })
        : upload(target, backend)
      const { value, gradients } = valueAndGrad((x: Tensor) => built[name]!.compute(x, targets))(upload(input, backend))
      expectClose(await value.data(), [loss])
      expectClose(await gradients.data(), grad.data)
      const fused = fusedCounts(backend).crossEntropyForward?.fused
      expect(fused).toBe(labels ? Number(title === 'fused') : undefined)
    })
  })
})
