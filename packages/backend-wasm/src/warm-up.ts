// Small calls before the first real one. An engine compiles a function fast and badly at first, and well when it has been called often enough; so that the
// first training step finds the good code, what it will need is called here.

import type { BufferHandle, Operand, OpCall, Shape } from '@rnn/core'
import type { Memory } from './memory.ts'

/** In so long V8 has replaced all that is called here; more would cost more than it saves. */
const WARM_MILLISECONDS = 12

/** A round that is faster was compiled well before, by another backend of this process. Unoptimised code takes ten times as long. */
const FAST_MILLISECONDS = 0.5

const [B, T, I, H] = [16, 3, 20, 24]
const PLAIN = { transposeA: false, transposeB: false, accumulate: false }

/** Runs rounds of calls. Leaves nothing behind. */
export function warmUp(run: (call: OpCall) => void, memory: Memory): void {
  const buffers: BufferHandle[] = []
  const place = (shape: Shape): Operand => {
    const bytes = shape.reduce((product, size) => product * size, 4)
    const buffer = memory.allocate(bytes, 'transient')
    memory.write(buffer, new Float32Array(bytes / 4), 0)
    buffers.push(buffer)
    return { buffer, byteOffset: 0, shape, dtype: 'float32' }
  }
  const calls = [...recurrentCalls('lstm', place), ...recurrentCalls('gru', place), ...otherCalls(place)]
  const round = (): number => {
    const start = performance.now()
    for (const call of calls) run(call)
    return performance.now() - start
  }
  if (round() > FAST_MILLISECONDS) {
    const start = performance.now()
    while (performance.now() - start < WARM_MILLISECONDS) round()
  }
  for (const buffer of buffers) memory.release(buffer)
}

/** A training step of a layer: its sequence, and its products. */
function recurrentCalls(cell: 'lstm' | 'gru', place: (shape: Shape) => Operand): OpCall[] {
  const G = cell === 'lstm' ? 4 : 3
  const attributes = { cell, reverse: false, timeMajor: false }
  const [x, projected, grad] = [place([B * T, I]), place([B * T, G * H]), place([B * T, G * H])]
  const [kernel, recurrent, bias] = [place([I, G * H]), place([H, G * H]), place([G * H])]
  const sequenceOf = (operand: Operand): Operand => ({ ...operand, shape: [B, T, G * H] })
  const states = [place([B, T, H]), place([B, H]), cell === 'lstm' ? place([B, H]) : null] as const
  const reserve = place([B, T, (G + 1) * H])
  const product = cell === 'gru' ? place([B, T, G * H]) : null
  const transposeA = { ...PLAIN, transposeA: true }
  const schedule = place([3])
  const recurrentBias = cell === 'gru' ? bias : null
  const forward = (kept: Operand | null): OpCall => ({
    op: 'recurrentForward',
    inputs: [sequenceOf(projected), recurrent, recurrentBias, null, null, null, null],
    outputs: [...states, kept],
    attributes,
  })
  return [
    { op: 'matmul', inputs: [x, kernel, bias], outputs: [projected], attributes: PLAIN },
    forward(null),
    forward(reserve),
    {
      op: 'recurrentBackward',
      inputs: [states[0], null, null, states[0], reserve, recurrent, null, null, null, null],
      outputs: [sequenceOf(grad), product, null, null],
      attributes,
    },
    { op: 'matmul', inputs: [x, grad, null], outputs: [place([I, G * H])], attributes: transposeA },
    {
      op: 'matmul',
      inputs: [grad, kernel, null],
      outputs: [place([B * T, I])],
      attributes: { ...PLAIN, transposeB: true },
    },
    { op: 'reduce', inputs: [grad], outputs: [place([G * H])], attributes: { kind: 'sum', axes: [0] } },
    {
      op: 'adamStep',
      inputs: [place([I, G * H]), schedule, null],
      outputs: [kernel, place([I, G * H]), place([I, G * H])],
      attributes: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0, decoupled: false },
    },
  ]
}

/** What models are made of besides. */
function otherCalls(place: (shape: Shape) => Operand): OpCall[] {
  const [x, y, z] = [place([B * T, H]), place([B * T, H]), place([B * T, H])]
  const row = place([1, H])
  const binary = (kind: 'add' | 'multiply', b: Operand): OpCall => ({
    op: 'binary',
    inputs: [x, b],
    outputs: [z],
    attributes: { kind },
  })
  return [
    binary('add', y),
    binary('add', row),
    binary('multiply', y),
    { op: 'unary', inputs: [x], outputs: [z], attributes: { kind: 'tanh' } },
    { op: 'copy', inputs: [x], outputs: [z], attributes: { accumulate: true } },
    { op: 'softmax', inputs: [x], outputs: [z], attributes: { log: false } },
    { op: 'matmul', inputs: [row, place([H, 96]), null], outputs: [place([1, 96])], attributes: PLAIN },
  ]
}
