/**
 * What it costs to have a backend in a worker: per op, per round trip, per training step; beside the same backend in place. Rounds of both are interleaved,
 * figures are medians. `pnpm --filter @rnn/backend-worker bench`
 */
import { cpu } from '@rnn/backend-cpu'
import { scope, tanh, tensor, type Backend, type Tensor } from '@rnn/core'
import { bidirectional, dense, dropout, embedding, lstm, maxOverTime, sequential } from '@rnn/layers'
import { adam, crossEntropy, Trainer } from '@rnn/train'
import { availableParallelism, cpus } from 'node:os'
import { Worker } from 'node:worker_threads'
import { remote, type NodeWorkerLike } from '@rnn/backend-worker'

const ROUNDS = 7
const OPS = 1000

let messages = 0

function counted(worker: Worker): NodeWorkerLike {
  return {
    postMessage(message, transfer) {
      messages++
      worker.postMessage(message, transfer)
    },
    terminate: () => worker.terminate(),
    on: (event, listener) => worker.on(event, listener),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Time until the page is free again, and until the work is done, in ms. */
type Timing = readonly [blocked: number, done: number]

async function timed(record: () => void, done: () => Promise<unknown>): Promise<Timing> {
  const start = performance.now()
  record()
  const blocked = performance.now() - start
  await done()
  return [blocked, performance.now() - start]
}

/** Ops on 16 elements: nothing but overhead. */
async function manyOps(backend: Backend): Promise<Timing> {
  const x = tensor(new Float32Array(16), { backend })
  await backend.sync()
  const timing = await timed(
    () => scope(backend, () => void Array.from({ length: OPS }).reduce<Tensor>((y) => tanh(y), x)),
    () => backend.sync(),
  )
  x.dispose()
  return timing
}

async function roundTrips(backend: Backend): Promise<Timing> {
  const x = tensor([1], { backend })
  const start = performance.now()
  for (let i = 0; i < 200; i++) await x.data()
  const each = (performance.now() - start) / 200
  x.dispose()
  return [each, each]
}

const B = 32

/** Steps of a text classifier, the loss of each read before the next begins. */
async function trainer(
  backend: Backend,
  vocabularySize: number,
  T: number,
  units: number,
): Promise<(steps: number) => Promise<Timing>> {
  const model = sequential(
    embedding({ vocabularySize, units: units / 2 }),
    bidirectional(lstm({ units })),
    maxOverTime(),
    dropout(0.5),
    dense({ units: 6 }),
  )
  await model.init(backend, { seed: 1 })
  const trainer = new Trainer(model, { loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }), clipNorm: 5 })
  const batch = {
    inputs: { data: Int32Array.from({ length: B * T }, (_, i) => (i * 7919) % vocabularySize), shape: [B, T] },
    targets: { data: Int32Array.from({ length: B }, (_, i) => i % 6), shape: [B] },
    lengths: { data: new Int32Array(B).fill(T), shape: [B] },
    size: B,
  }
  return async (steps) => {
    let blocked = 0
    const start = performance.now()
    for (let i = 0; i < steps; i++) {
      const begin = performance.now()
      const loss = trainer.step(batch)
      blocked += performance.now() - begin
      await loss.data()
      loss.dispose()
    }
    return [blocked / steps, (performance.now() - start) / steps]
  }
}

const here = await cpu()
const there = await remote(counted(new Worker(new URL('./bench-worker.ts', import.meta.url))))
const large = [await trainer(here, 10_000, 30, 128), await trainer(there, 10_000, 30, 128)] as const
const small = [await trainer(here, 100, 8, 8), await trainer(there, 100, 8, 8)] as const

const rows: Readonly<Record<string, readonly [unit: string, scale: number, of: (remote: boolean) => Promise<Timing>]>> =
  {
    [`an op of 16 elements (${OPS} in a row)`]: ['µs', 1000 / OPS, (remote) => manyOps(remote ? there : here)],
    'a read of one number': ['µs', 1000, (remote) => roundTrips(remote ? there : here)],
    'a training step, text-train-32x30': ['ms', 1, (remote) => large[remote ? 1 : 0](3)],
    'the same with 8 words and 8 units': ['ms', 1, (remote) => small[remote ? 1 : 0](20)],
  }

console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}, cpu backend\n`)
console.log('| | in place | in a worker: page blocked | in a worker: until done | messages |\n|---|---|---|---|---|')
for (const [name, [unit, scale, of]] of Object.entries(rows)) {
  const [inPlace, blocked, done, sent]: number[][] = [[], [], [], []]
  for (let round = -2; round < ROUNDS; round++) {
    const [, local] = await of(false)
    messages = 0
    const [page, all] = await of(true)
    if (round < 0) continue
    inPlace!.push(local)
    blocked!.push(page)
    done!.push(all)
    sent!.push(messages)
  }
  const cell = (values: readonly number[] | undefined): string =>
    `${(median(values ?? []) * scale).toPrecision(3)} ${unit}`
  console.log(`| ${name} | ${cell(inPlace)} | ${cell(blocked)} | ${cell(done)} | ${median(sent ?? [])} a round |`)
}
await here.dispose()
await there.dispose()
