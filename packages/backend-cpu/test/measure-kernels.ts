// Rates of the products and recurrent kernels on this machine: pnpm exec node --conditions=@rnn/source packages/backend-cpu/test/measure-kernels.ts

import type { Operand, OpCall, Shape } from '@rnn/core'
import { randoms } from './kit.ts'
import { cpu } from '../src/index.ts'

const backend = await cpu()

function place(shape: Shape, scale = 1): Operand {
  const count = shape.reduce((product, length) => product * length, 1)
  const buffer = backend.allocate(count * 4, 'transient')
  backend.write(buffer, Float32Array.from(randoms(count, count, scale)))
  return { buffer, byteOffset: 0, shape, dtype: 'float32' }
}

/** The best of 15 rounds, each long enough for the clock: other programs only ever make it slower. */
function measure(name: string, flop: number, calls: readonly OpCall[]): void {
  const repeats = Math.max(1, Math.round(2e7 / flop))
  let best = Infinity
  for (let round = -5; round < 15; round++) {
    const start = performance.now()
    for (let i = 0; i < repeats; i++) for (const call of calls) backend.run(call)
    const milliseconds = (performance.now() - start) / repeats
    if (round >= 0 && milliseconds < best) best = milliseconds
  }
  console.log(
    `${name.padEnd(36)} ${best.toFixed(3).padStart(9)} ms ${(flop / best / 1e6).toFixed(1).padStart(6)} GFLOP/s`,
  )
}

const PLAIN = { transposeA: false, transposeB: false, accumulate: false }

function measureMatmul(M: number, K: number, N: number, transposeA = false): void {
  const inputs = [place(transposeA ? [K, M] : [M, K]), place([K, N]), null] as const
  const call: OpCall = { op: 'matmul', inputs, outputs: [place([M, N])], attributes: { ...PLAIN, transposeA } }
  measure(`matmul [${M}×${K}${transposeA ? ', transposed' : ''}]·[${K}×${N}]`, 2 * M * K * N, [call])
}

function measureRecurrent(cell: 'lstm' | 'gru', B: number, T: number, I: number, H: number): void {
  const G = cell === 'lstm' ? 4 : 3
  const attributes = { cell, reverse: false, timeMajor: false }
  const [x, kernel, bias, recurrent] = [
    place([B * T, I]),
    place([I, G * H], 0.1),
    place([G * H]),
    place([H, G * H], 0.1),
  ]
  const projected = place([B, T, G * H])
  const recurrentBias = cell === 'gru' ? place([G * H]) : null
  const states = [place([B, T, H]), place([B, H]), cell === 'lstm' ? place([B, H]) : null] as const
  const reserve = place([B, T, (G + 1) * H])
  const gradients = [place([B, T, G * H]), cell === 'gru' ? place([B, T, G * H]) : null] as const
  const flat = (operand: Operand, columns: number): Operand => ({ ...operand, shape: [B * T, columns] })
  const forward = (kept: Operand | null): OpCall[] => [
    { op: 'matmul', inputs: [x, kernel, bias], outputs: [flat(projected, G * H)], attributes: PLAIN },
    {
      op: 'recurrentForward',
      inputs: [projected, recurrent, recurrentBias, null, null, null, null],
      outputs: [...states, kept],
      attributes,
    },
  ]
  const upstream = place([B, T, H])
  const grad = flat(gradients[0], G * H)
  const gradProduct = flat(gradients[1] ?? gradients[0], G * H)
  const transposeA = { ...PLAIN, transposeA: true }
  const backward: OpCall[] = [
    {
      op: 'recurrentBackward',
      inputs: [upstream, null, null, states[0], reserve, recurrent, null, null, null, null],
      outputs: [...gradients, null, null],
      attributes,
    },
    { op: 'matmul', inputs: [x, grad, null], outputs: [place([I, G * H])], attributes: transposeA },
    {
      op: 'matmul',
      inputs: [flat(states[0], H), gradProduct, null],
      outputs: [place([H, G * H])],
      attributes: transposeA,
    },
    { op: 'reduce', inputs: [grad], outputs: [place([G * H])], attributes: { kind: 'sum', axes: [0] } },
    {
      op: 'matmul',
      inputs: [grad, kernel, null],
      outputs: [place([B * T, I])],
      attributes: { ...PLAIN, transposeB: true },
    },
  ]
  const flop = 2 * G * B * T * H * (I + H)
  measure(`${cell} ${B}×${T}×${I}×${H} inference`, flop, forward(null))
  measure(`${cell} ${B}×${T}×${I}×${H} training step`, 3 * flop, [...forward(reserve), ...backward])
}

console.log(backend.info.device)
measureMatmul(1600, 64, 512)
measureMatmul(32, 128, 512)
measureMatmul(64, 256, 1024)
measureMatmul(128, 1600, 512, true)
measureMatmul(1, 128, 512)
for (const cell of ['lstm', 'gru'] as const) {
  measureRecurrent(cell, 32, 50, 64, 128)
  measureRecurrent(cell, 64, 100, 256, 256)
  measureRecurrent(cell, 1, 1, 128, 128)
}
