// The tape: what it refuses, what it gives back, and that it holds on to nothing.

import { valueAndGrad } from '@rnn/autodiff'
import {
  assign,
  detach,
  exp,
  mean,
  mul,
  scope,
  softmaxCrossEntropy,
  square,
  sum,
  tanh,
  tensor,
  type Tensor,
} from '@rnn/core'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compareBits, expectError } from '../../check.ts'
import { compositesOf, input, inputOf, upload } from '../../programs.ts'

export const tapeGradients: readonly ConformanceCase[] = [
  caseOf(
    'gradients/tape/saved-mutated',
    'a value that backward needs and that was changed in place: E_SAVED_MUTATED',
    async ({ backend }) => {
      await expectError('E_SAVED_MUTATED', 'backward after assign', () =>
        scope(backend, () => {
          const [factor, replacement] = [upload(backend, input([3], 2)), upload(backend, input([3], 3))]
          return valueAndGrad((w: Tensor) => {
            const y = sum(mul(w, factor))
            assign(factor, replacement)
            return y
          })(upload(backend, input([3], 1))).value
        }),
      )
    },
  ),

  caseOf('gradients/tape/mutated-unused', 'a value that backward does not need may be changed', ({ backend }) => {
    scope(backend, () => {
      const x = upload(backend, input([3], 1))
      valueAndGrad((w: Tensor) => {
        const factor = mul(x, 2)
        const y = sum(mul(w, 2))
        assign(factor, x)
        return y
      })(upload(backend, input([3], 2)))
    })
  }),

  caseOf('gradients/tape/nested', 'a gradient of a gradient: E_NESTED_GRADIENT', async ({ backend }) => {
    await expectError('E_NESTED_GRADIENT', 'a gradient within a gradient', () =>
      scope(backend, () => {
        const x = upload(backend, input([3], 1))
        return valueAndGrad((outer: Tensor) => {
          const { value } = valueAndGrad((inner: Tensor) => sum(mul(square(inner), outer)))(
            upload(backend, input([3], 2)),
          )
          return value
        })(x).value
      }),
    )
  }),

  caseOf('gradients/tape/no-gradient', 'a value that depends on no parameter: E_NO_GRADIENT', async ({ backend }) => {
    await expectError('E_NO_GRADIENT', 'a constant', () =>
      scope(backend, () => valueAndGrad((w: Tensor) => sum(detach(w)))(upload(backend, input([3], 1))).value),
    )
  }),

  caseOf(
    'gradients/tape/error-inside',
    'an error in the function frees everything and leaves no parameter followed',
    async ({ backend }) => {
      const x = upload(backend, input([3], 1))
      await backend.sync()
      const before = backend.stats().liveBuffers
      let message = ''
      try {
        valueAndGrad((w: Tensor): Tensor => {
          exp(square(w))
          throw new Error('stop')
        })(x)
      } catch (error) {
        message = String(error)
      }
      check(message.includes('stop'), `the error was ${message}`)
      check(x.tracker === undefined, 'the parameter is still followed')
      await backend.sync()
      check(backend.stats().liveBuffers === before, 'the tape kept buffers')
      x.dispose()
    },
  ),

  caseOf('gradients/tape/lets-go', 'after backward only value, gradients and aux live', async ({ backend }) => {
    const x = upload(backend, input([4, 4], 1))
    await backend.sync()
    const before = backend.stats().liveBuffers
    const { value, gradients, aux } = valueAndGrad((w: Tensor) => {
      let y = w
      for (let i = 0; i < 10; i++) y = tanh(mul(y, 1.5))
      return { value: mean(square(y)), aux: y }
    })(x)
    await backend.sync()
    check(
      backend.stats().liveBuffers === before + 3,
      `${backend.stats().liveBuffers - before} buffers live, expected 3`,
    )
    check(
      value.tracker === undefined && gradients.tracker === undefined && aux.tracker === undefined,
      'a result is still followed',
    )
    for (const each of [value, gradients, aux, x]) each.dispose()
  }),

  caseOf('gradients/tape/repeats', 'the same gradients twice, to the bit', async ({ backend }) => {
    const run = async (): Promise<ArrayLike<number>> => {
      const gradient = scope(
        backend,
        () =>
          valueAndGrad((w: Tensor) => mean(square(tanh(mul(w, exp(w))))))(upload(backend, input([7, 9], 3))).gradients,
      )
      const values = await gradient.data()
      gradient.dispose()
      return values
    }
    compareBits('gradients', await run(), await run())
  }),

  caseOf(
    'gradients/tape/ignored-rows',
    'cross-entropy of ignored rows is 0, with gradient 0, even where their logits are NaN or infinite',
    async ({ backend }) => {
      const logits = [0.5, -1, 2, NaN, 0, 1, NaN, NaN, NaN, Infinity, -Infinity, 0, 1, 0, -0.5]
      for (const on of [backend, compositesOf(backend)]) {
        for (const labelSmoothing of [0, 0.25]) {
          const { value, aux, gradients } = scope(on, () => {
            const labels = upload(on, inputOf([5], [2, -1, -1, -1, 0], 'int32'))
            return valueAndGrad((x: Tensor) => {
              const losses = softmaxCrossEntropy(x, labels, { labelSmoothing })
              return { value: sum(losses), aux: losses }
            })(upload(on, inputOf([5, 3], logits)))
          })
          const [losses, rows] = [await aux.data(), await gradients.data()]
          compareBits('ignored losses', losses.slice(1, 4), [0, 0, 0])
          compareBits('ignored gradients', rows.slice(3, 12), new Float32Array(9))
          check([...losses, ...rows].every(Number.isFinite), 'the NaN of an ignored row reached another one')
          check(losses[0] !== 0 && losses[4] !== 0, 'a row that counts has no loss')
          for (const each of [value, aux, gradients]) each.dispose()
        }
      }
    },
  ),

  caseOf('gradients/tape/large-saturated', 'gradients through tanh(±1000) are 0, not NaN', async ({ backend }) => {
    const gradient = scope(
      backend,
      () => valueAndGrad((w: Tensor) => sum(tanh(w)))(tensor([1000, -1000, 88, -88], { backend })).gradients,
    )
    compareBits('gradients', await gradient.data(), [0, 0, 0, 0])
    gradient.dispose()
  }),
]
