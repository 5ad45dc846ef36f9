// Trajectories of the optimisers, and clipping, against PyTorch.

import { fusedCounts, mul } from '@rnn/core'
import { describe, expect, test } from 'vitest'
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  clipFactor,
  nadam,
  OptimizerState,
  rmsprop,
  sgd,
  type Optimizer,
} from '../src/index.ts'
import { absent, backends, expectClose, readVectors, upload, type Vector } from './vectors.ts'

interface TrajectoryCase {
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
  readonly start: Vector
  readonly steps: readonly { readonly grad: Vector; readonly param: Vector }[]
}

interface ClippingCase {
  readonly name: string
  readonly grads: readonly Vector[]
  readonly maxNorm: number
  readonly totalNorm: number
  readonly clipped: readonly Vector[]
}

/** Each with the options that the case states. */
const built: Readonly<
  Record<string, { readonly optimizer: Optimizer; readonly options: Readonly<Record<string, unknown>> }>
> = {
  sgd: { optimizer: sgd({ learningRate: 0.1 }), options: { lr: 0.1 } },
  momentum: { optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }), options: { lr: 0.1, momentum: 0.9 } },
  nesterov: {
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    options: { lr: 0.1, momentum: 0.9, nesterov: true },
  },
  sgdWeightDecay: {
    optimizer: sgd({ learningRate: 0.1, weightDecay: 0.01 }),
    options: { lr: 0.1, weight_decay: 0.01 },
  },
  adam: { optimizer: adam({ learningRate: 0.01 }), options: { lr: 0.01 } },
  adamw: { optimizer: adamW({ learningRate: 0.01, weightDecay: 0.05 }), options: { lr: 0.01, weight_decay: 0.05 } },
  rmsprop: { optimizer: rmsprop({ learningRate: 0.01 }), options: { lr: 0.01 } },
  rmspropCentered: {
    optimizer: rmsprop({ learningRate: 0.01, momentum: 0.9, centered: true }),
    options: { lr: 0.01, momentum: 0.9, centered: true },
  },
  amsgrad: { optimizer: adam({ learningRate: 0.01, amsgrad: true }), options: { lr: 0.01, amsgrad: true } },
  adagrad: { optimizer: adagrad({ learningRate: 0.1 }), options: { lr: 0.1 } },
  adadelta: { optimizer: adadelta({ learningRate: 1 }), options: { lr: 1 } },
  nadam: { optimizer: nadam({ learningRate: 0.01 }), options: { lr: 0.01 } },
  adamax: { optimizer: adamax({ learningRate: 0.01 }), options: { lr: 0.01 } },
}

/** Made of core's ops alone: there is no kernel that a backend could refuse. */
const composed = new Set(['amsgrad', 'adagrad', 'adadelta', 'nadam', 'adamax'])

const cases = readVectors<TrajectoryCase | ClippingCase>('optimisers.json')
const clipping = cases?.filter((each): each is ClippingCase => 'grads' in each) ?? []
const trajectories = cases?.filter((each): each is TrajectoryCase => 'steps' in each) ?? []

describe.skipIf(cases === undefined)(`optimisers are PyTorch's${cases === undefined ? ` (${absent})` : ''}`, () => {
  test('every case is built', () => {
    const names = [...Object.keys(built), ...clipping.map(({ name }) => name)]
    expect(cases?.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
    expect(clipping.map(({ name }) => name)).toEqual(['clipGradNorm1', 'clipGradNorm100'])
  })

  describe.each(backends)('%s', (title, make) => {
    test.each(trajectories.filter(({ name }) => name in built))('$name', async ({ name, options, start, steps }) => {
      const backend = await make()
      const { optimizer, options: stated } = built[name]!
      expect(options).toEqual(stated)
      const parameter = upload(start, backend)
      const state = new OptimizerState(optimizer, backend)
      for (const { grad, param } of steps) {
        state.apply({ parameter }, { parameter: upload(grad, backend) })
        expectClose(await parameter.data(), param.data)
      }
      const counts = Object.values(fusedCounts(backend))
      const expected = title === 'fused' ? { fused: steps.length, composite: 0 } : { fused: 0, composite: steps.length }
      expect(counts).toEqual(composed.has(name) ? [] : [expected])
    })

    test.each(clipping)('$name', async ({ grads, maxNorm, clipped }) => {
      const backend = await make()
      const gradients = grads.map((each) => upload(each, backend))
      const factor = clipFactor(gradients, maxNorm)
      for (const [i, each] of gradients.entries()) expectClose(await mul(each, factor).data(), clipped[i]!.data)

      // The same through an optimiser: a step of length 1 from zero ends at minus the clipped gradient.
      const state = new OptimizerState(sgd({ learningRate: 1 }), backend)
      const zeros = (each: Vector): Vector => ({ ...each, data: each.data.map(() => 0) })
      const parameters = Object.fromEntries(grads.map((each, i) => [`p${i}`, upload(zeros(each), backend)]))
      const named = Object.fromEntries(gradients.map((each, i) => [`p${i}`, each]))
      state.apply(parameters, named, factor)
      for (const [i, each] of clipped.entries())
        expectClose(
          await parameters[`p${i}`]!.data(),
          each.data.map((x) => -x),
        )
    })
  })
})
