// Gradients of fused sequences of cells with options: the contract leaves `reserve` undefined past a row's end, so what is there must not matter.

import { cpu } from '@rnn/backend-cpu'
import { valueAndGrad } from '@rnn/autodiff'
import {
  decorate,
  gruVariant,
  lstmVariant,
  mul,
  scan,
  scope,
  sizeOf,
  sum,
  tensor,
  type Backend,
  type Cell,
  type Operand,
  type Shape,
  type Tensor,
} from '@rnn/core'
import { expect, test } from 'vitest'

const [B, T, I, H] = [3, 4, 2, 3]
const LENGTHS = [2, 4, 0]

function filled(backend: Backend, shape: Shape, seed: number): Tensor {
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * 1.7 + seed)),
    { backend, shape },
  )
}

/** Writes NaN where the contract says that nothing is defined. */
function poison(backend: Backend, { buffer, byteOffset, shape }: Operand): void {
  const width = shape[2] ?? 0
  LENGTHS.forEach((length, b) => {
    const words = new Float32Array((T - length) * width).fill(NaN)
    backend.write(buffer, words, byteOffset + (b * T + length) * width * 4)
  })
}

test.each<[string, Cell, string]>([
  ['peepholes', lstmVariant({ peepholes: true }), 'peephole'],
  ['coupled gates and peepholes', lstmVariant({ coupledGates: true, peepholes: true }), 'peephole'],
  ['reset before', gruVariant({ resetAfter: false }) as unknown as Cell, 'recurrent'],
])(
  '%s: the gradients read nothing of reserve past the ends of rows, in either direction',
  async (_, cell, parameter) => {
    const device = await cpu()
    let poisoned = 0
    const backends = [
      decorate(device, {
        run(call) {
          device.run(call)
          if (call.op !== 'recurrentVariantForward' || call.outputs[3] === null) return
          poison(device, call.outputs[3])
          poisoned++
        },
      }),
      decorate(device, { supports: () => ({ reason: 'to be compared' }) }),
    ]
    for (const reverse of [false, true]) {
      const [fused = {}, stepwise = {}] = backends.map((backend) =>
        scope(backend, () => {
          const parameters = Object.entries(cell.parameters(I, H)).map(
            ([name, { shape }], i) => [name, filled(backend, shape, i)] as const,
          )
          const lengths = tensor(Int32Array.from(LENGTHS), { backend })
          const initial = cell.stateSizes(H).map((width, i) => filled(backend, [B, width], 20 + i))
          const { gradients } = valueAndGrad((weights: Record<string, Tensor>) => {
            const { sequence } = scan(cell, filled(backend, [B, T, I], 9), weights, {
              units: H,
              lengths,
              initial,
              reverse,
            })
            return sum(mul(sequence, filled(backend, sequence.shape, 30)))
          })(Object.fromEntries(parameters))
          return Object.fromEntries(Object.entries(gradients).map(([name, each]) => [name, [...each.dataSync()]]))
        }),
      )
      expect(Object.keys(fused)).toContain(parameter)
      for (const [name, values] of Object.entries(fused))
        values.forEach((value, i) => expect(value, `${name} ${i}`).toBeCloseTo(stepwise[name]?.[i] ?? NaN, 5))
    }
    expect(poisoned).toBe(2)
  },
)
