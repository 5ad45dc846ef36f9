// How many dispatches whole sequences take, by the backend's own count, from the projection to the gradients of all weights.

import { valueAndGrad } from '@rnn/autodiff'
import { gruCell, lstmCell, scan, scope, simpleCell, sum, tensor, zeros } from '@rnn/core'
import type { Backend, Cell, Tensor } from '@rnn/core'
import type { WebgpuBackend } from '@rnn/backend-webgpu'
import { describe, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()

type Weights = Readonly<Record<string, Tensor>>

/** Dispatches by op that `work` records. */
function dispatchesOf(backend: WebgpuBackend, work: () => void): { readonly all: number; readonly recurrent: number } {
  const before = backend.stats().dispatches
  scope(backend, work)
  const after = backend.stats().dispatches
  let all = 0
  let recurrent = 0
  for (const op of Object.keys(after) as (keyof typeof after)[]) {
    const count = (after[op] ?? 0) - (before[op] ?? 0)
    all += count
    if (op === 'recurrentForward' || op === 'recurrentBackward') recurrent += count
  }
  return { all, recurrent }
}

/** Runs on a backend of its own. What is counted need not be waited for. */
async function counted(work: (backend: WebgpuBackend) => void): Promise<void> {
  const backend = await makeWebgpu()
  try {
    work(backend)
  } finally {
    await backend.dispose()
  }
}

const INPUTS = 32

function weightsOf(cell: Cell, units: number, backend: Backend): Weights {
  const shapes = Object.entries(cell.parameters(INPUTS, units))
  return Object.fromEntries(shapes.map(([name, { shape }]) => [name, zeros(shape, { backend })]))
}

describe.skipIf(absent)(`dispatches${absent ? `: ${absent}` : ''}`, () => {
  for (const [name, cell] of [
    ['simple cell', simpleCell],
    ['LSTM', lstmCell],
    ['GRU', gruCell],
  ] as const) {
    test(`${name} over 512 steps, 64 units: at most 4 forward, 12 with all gradients`, () =>
      counted((backend) => {
        const [B, T, H] = [4, 512, 64]
        scope(backend, () => {
          const x = zeros([B, T, INPUTS], { backend })
          const weights = weightsOf(cell, H, backend)
          const lengths = tensor(Int32Array.from([512, 0, 7, 300]), { backend })
          const initial = Array.from({ length: name === 'LSTM' ? 2 : 1 }, () => zeros([B, H], { backend }))
          for (const options of [{ units: H }, { units: H, lengths }, { units: H, lengths, initial }]) {
            const forward = dispatchesOf(backend, () => void scan(cell, x, weights, options))
            expect(forward.all).toBeLessThanOrEqual(4)

            // What a loss costs by itself is not the cell's.
            const sequence = zeros([B, T, H], { backend })
            const loss = dispatchesOf(backend, () => {
              valueAndGrad((given: Weights) => sum(given['sequence']!))({ sequence })
            })
            const both = dispatchesOf(backend, () => {
              valueAndGrad((given: Weights) => sum(scan(cell, given['x']!, given, options).sequence))({ ...weights, x })
            })
            // The GRU has a second bias to sum up for, and two gradients of its gates to bind.
            expect(both.all - loss.all).toBeLessThanOrEqual(name === 'GRU' && 'initial' in options ? 14 : 12)
          }
        })
      }))
  }

  test('LSTM over 512 steps, 512 units: at most T + 8 forward, and as few backward', () =>
    counted((backend) => {
      const [B, T, H] = [1, 512, 512]
      scope(backend, () => {
        const x = zeros([B, T, INPUTS], { backend })
        const weights = weightsOf(lstmCell, H, backend)
        const lengths = tensor(Int32Array.from([512]), { backend })
        const initial = [zeros([B, H], { backend }), zeros([B, H], { backend })]
        const options = { units: H, lengths, initial }
        expect(dispatchesOf(backend, () => void scan(lstmCell, x, weights, options)).all).toBeLessThanOrEqual(T + 8)
        const both = dispatchesOf(backend, () => {
          valueAndGrad((given: Weights) => sum(scan(lstmCell, x, given, options).sequence))(weights)
        })
        expect(both.recurrent).toBeLessThanOrEqual(2 * T + 8)
      })
    }))
})
