// Rates of products, sequences and single steps as shares of the multiply-add probe of the same round:
//
//   pnpm --filter @rnn/backend-wasm measure [filter] [--build simd] [--rounds 15] [--threads 2]

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Operand, OpCall, Shape } from '@rnn/core'
import type { Build } from '../src/index.ts'
import { wasm } from '../src/index.ts'
import { randoms } from './kit.ts'

const { values, positionals } = parseArgs({
  options: {
    build: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string', default: '1' },
  },
  allowPositionals: true,
})
const build = (values.build ?? 'relaxed-simd') as Build
const backend = await wasm({ build, threads: Number(values.threads) })

/** Turns of the probe in a round, and the floating-point operations of a turn. */
const PROBE_TURNS = 200_000
const PROBE_FLOP = 96

const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 })
const module = new WebAssembly.Module(readFileSync(new URL(`../src/${build}.wasm`, import.meta.url)))
const { exports } = new WebAssembly.Instance(module, { env: { memory } })
const probe = exports['probe'] as (turns: number, at: number) => number
new Float32Array(memory.buffer).fill(1e-3, 16384, 16392)

interface Work {
  readonly name: string
  readonly flop: number
  readonly run: () => void
}

const works: Work[] = []

function place(shape: Shape, scale = 1, role: 'parameter' | 'transient' = 'transient'): Operand {
  const count = shape.reduce((product, length) => product * length, 1)
  const buffer = backend.allocate(count * 4, role)
  backend.write(buffer, randoms(count, count, scale))
  return { buffer, byteOffset: 0, shape, dtype: 'float32' }
}

function add(name: string, flop: number, calls: readonly OpCall[], read?: Operand): void {
  if (positionals.length > 0 && !positionals.some((each) => name.includes(each))) return
  const range = read && { buffer: read.buffer, byteOffset: 0, byteLength: read.shape.reduce((a, b) => a * b, 4) }
  const run = (): void => {
    for (const call of calls) backend.run(call)
    if (range) backend.readSync!(range)
  }
  works.push({ name, flop, run })
}

const PLAIN = { transposeA: false, transposeB: false, accumulate: false }

function addMatmul(M: number, K: number, N: number, transposeA = false, transposeB = false): void {
  const inputs = [place(transposeA ? [K, M] : [M, K]), place(transposeB ? [N, K] : [K, N]), null] as const
  const call: OpCall = {
    op: 'matmul',
    inputs,
    outputs: [place([M, N])],
    attributes: { ...PLAIN, transposeA, transposeB },
  }
  add(`matmul [${M}×${K}${transposeA ? 'ᵀ' : ''}]·[${K}×${N}${transposeB ? 'ᵀ' : ''}]`, 2 * M * K * N, [call])
}

function addRecurrent(cell: 'lstm' | 'gru', B: number, T: number, I: number, H: number): void {
  const G = cell === 'lstm' ? 4 : 3
  const attributes = { cell, reverse: false, timeMajor: false }
  const x = place([B * T, I])
  const parameters = [
    place([I, G * H], 0.1, 'parameter'),
    place([H, G * H], 0.1, 'parameter'),
    place([G * H], 0.1, 'parameter'),
  ] as const
  const [kernel, recurrent, bias] = parameters
  const projected = place([B, T, G * H])
  const recurrentBias = cell === 'gru' ? place([G * H], 0.1, 'parameter') : null
  const states = [place([B, T, H]), place([B, H]), cell === 'lstm' ? place([B, H]) : null] as const
  const reserve = place([B, T, (G + 1) * H])
  const gradProjected = place([B, T, G * H])
  const gradRecurrentProduct = cell === 'gru' ? place([B, T, G * H]) : null
  const flat = (operand: Operand, columns: number): Operand => ({ ...operand, shape: [B * T, columns] })
  const project: OpCall = {
    op: 'matmul',
    inputs: [x, kernel, bias],
    outputs: [flat(projected, G * H)],
    attributes: PLAIN,
  }
  const sequence = (kept: Operand | null): OpCall => ({
    op: 'recurrentForward',
    inputs: [projected, recurrent, recurrentBias, null, null, null, null],
    outputs: [...states, kept],
    attributes,
  })
  const back: OpCall = {
    op: 'recurrentBackward',
    inputs: [place([B, T, H]), null, null, states[0], reserve, recurrent, null, null, null, null],
    outputs: [gradProjected, gradRecurrentProduct, null, null],
    attributes,
  }
  const grad = flat(gradProjected, G * H)
  const gradProduct = gradRecurrentProduct ?? gradProjected
  const gradients = [place([I, G * H]), place([H, G * H]), place([G * H])] as const
  const transposeA = { ...PLAIN, transposeA: true }
  const gradKernel: OpCall = { op: 'matmul', inputs: [x, grad, null], outputs: [gradients[0]], attributes: transposeA }
  // The states before each step but the first, where they lie: the products of the batch are summed.
  const steps = (operand: Operand, width: number, from: number): Operand => ({
    ...operand,
    byteOffset: from * width * 4,
    shape: [B, T - 1, width],
    rowLength: (T - 1) * width,
    rowStride: T * width,
  })
  const gradRecurrent: OpCall = {
    op: 'matmul',
    inputs: [steps(states[0], H, 0), steps(gradProduct, G * H, 1), null],
    outputs: [{ ...gradients[1], shape: [1, H, G * H] }],
    attributes: transposeA,
  }
  const gradBias: OpCall = {
    op: 'reduce',
    inputs: [grad],
    outputs: [gradients[2]],
    attributes: { kind: 'sum', axes: [0] },
  }
  const gradInput: OpCall = {
    op: 'matmul',
    inputs: [grad, kernel, null],
    outputs: [place([B * T, I])],
    attributes: { ...PLAIN, transposeB: true },
  }
  const schedule = place([3])
  backend.write(schedule.buffer, new Float32Array([1e-6, 0.1, 0.001]))
  const updates = parameters.map((parameter, i): OpCall => ({
    op: 'adamStep',
    inputs: [gradients[i]!, schedule, null],
    outputs: [parameter, place(parameter.shape, 0), place(parameter.shape, 0)],
    attributes: { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0, decoupled: false },
  }))
  const flop = 2 * G * B * T * H * (I + H)
  const product = 2 * G * B * T * H
  const size = `${B}x${T}x${I}x${H}`
  if (T > 1) {
    add(`${cell}-infer-${size}`, flop, [project, sequence(null)], states[0])
    add(`${cell}-train-${size}`, 3 * flop, [
      project,
      sequence(reserve),
      back,
      gradKernel,
      gradRecurrent,
      gradBias,
      gradInput,
      ...updates,
    ])
    add(`  part ${cell}-${size} project`, product * I, [project])
    add(`  part ${cell}-${size} forward`, product * H, [sequence(null)])
    add(`  part ${cell}-${size} forward with reserve`, product * H, [sequence(reserve)])
    add(`  part ${cell}-${size} backward`, product * H, [back])
    add(`  part ${cell}-${size} gradKernel`, product * I, [gradKernel])
    add(`  part ${cell}-${size} gradRecurrent`, product * H, [gradRecurrent])
    add(`  part ${cell}-${size} gradInput`, product * I, [gradInput])
    add(`  part ${cell}-${size} gradBias`, product, [gradBias])
    add(`  part ${cell}-${size} updates`, 12 * G * H * (I + H), updates)
    return
  }
  const hidden = place([B, H])
  const cellState = cell === 'lstm' ? place([B, H]) : null
  const step: OpCall = {
    op: 'recurrentForward',
    inputs: [projected, recurrent, recurrentBias, hidden, cellState, null, null],
    outputs: [...states, null],
    attributes,
  }
  add(`${cell}-step-${H} (input ${I})`, flop, [project, step], states[0])
}

addMatmul(1600, 64, 512)
addMatmul(6400, 256, 1024)
addMatmul(64, 1600, 512, true)
addMatmul(256, 6400, 1024, true)
addMatmul(6400, 1024, 256, false, true)
addMatmul(512, 512, 512)
addMatmul(32, 128, 512)
for (const M of [1, 2, 3, 4, 6, 8, 12, 16]) addMatmul(M, 256, 1024)
for (const M of [1, 4, 8]) addMatmul(M, 512, 5000)
addMatmul(1, 256, 1024, false, true)
for (const cell of ['lstm', 'gru'] as const) {
  addRecurrent(cell, 32, 50, 64, 128)
  addRecurrent(cell, 64, 100, 256, 256)
  for (const H of [64, 128, 256]) addRecurrent(cell, 1, 1, H, H)
}

/** Milliseconds of one run, repeated until the clock can see it. */
function time(run: () => void, repeats: number): number {
  const start = performance.now()
  for (let i = 0; i < repeats; i++) run()
  return (performance.now() - start) / repeats
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

console.log(backend.info.device)
const rounds = Number(values.rounds)
const rates = works.map((): number[] => [])
const shares = works.map((): number[] => [])
const probes: number[] = []
// Warm-up: the optimising compiler works beside us.
for (let i = 0; i < 20; i++) time(() => probe(PROBE_TURNS, 65536), 1)
for (const { run, flop } of works) for (let i = 0; i < 3; i++) time(run, Math.max(1, Math.round(2e7 / flop)))
await new Promise((resolve) => setTimeout(resolve, 200))
for (let round = 0; round < rounds; round++) {
  works.forEach(({ run, flop }, i) => {
    const before = (PROBE_TURNS * PROBE_FLOP) / time(() => probe(PROBE_TURNS, 65536), 1) / 1e6
    const rate = flop / time(run, Math.max(1, Math.round(2e7 / flop))) / 1e6
    const after = (PROBE_TURNS * PROBE_FLOP) / time(() => probe(PROBE_TURNS, 65536), 1) / 1e6
    probes.push(before, after)
    rates[i]!.push(rate)
    shares[i]!.push((2 * rate) / (before + after))
  })
}
console.log(`probe: best ${Math.max(...probes).toFixed(1)}, median ${median(probes).toFixed(1)} GFLOP/s`)
console.log(
  `${''.padEnd(48)} ${'best ms'.padStart(9)} ${'GFLOP/s'.padStart(8)} ${'best/best'.padStart(9)} ${'median'.padStart(7)}`,
)
works.forEach(({ name, flop }, i) => {
  const best = Math.max(...rates[i]!)
  const cells = [
    (flop / best / 1e6).toFixed(4).padStart(9),
    best.toFixed(1).padStart(8),
    (best / Math.max(...probes)).toFixed(3).padStart(9),
    median(shares[i]!).toFixed(3).padStart(7),
  ]
  console.log(`${name.padEnd(48)} ${cells.join(' ')}`)
})
await backend.dispose()
