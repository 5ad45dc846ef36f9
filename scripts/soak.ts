/**
 * Trains a text classifier on the wasm backend for minutes, with another batch size and length at each step, and demands that memory stays flat:
 * `pnpm soak [minutes] [threads]`. What the first fifth reaches is the measure for the rest.
 */
import { wasm } from '@rnn/backend-wasm'
import { bidirectional, dense, dropout, embedding, lstm, maxOverTime, sequential } from '@rnn/layers'
import { adam, crossEntropy, Trainer } from '@rnn/train'

const [minutes, threads] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 1)]
if (!(minutes > 0) || !Number.isInteger(threads) || threads < 1) {
  console.error('usage: pnpm soak [minutes] [threads]')
  process.exit(2)
}
const VOCABULARY = 5000
const [LARGEST_BATCH, LONGEST] = [64, 60]

await using stack = new AsyncDisposableStack()
const backend = stack.adopt(await wasm({ threads }), (each) => each.dispose())
const model = sequential(
  embedding({ vocabularySize: VOCABULARY, units: 32 }),
  bidirectional(lstm({ units: 48 })),
  maxOverTime(),
  dropout(0.3),
  dense({ units: 6 }),
)
await model.init(backend, { seed: 1 })
const trainer = new Trainer(model, {
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 1e-3 }),
  clipNorm: 5,
  seed: 1,
})

/** Sizes that repeat only after thousands of steps; the largest comes first, so that pools know it. */
function sizesAt(step: number): [batch: number, time: number] {
  return step === 0 ? [LARGEST_BATCH, LONGEST] : [1 + ((step * 29) % LARGEST_BATCH), 1 + ((step * 37) % LONGEST)]
}

interface Sample {
  /** Linear memory of the backend. */
  readonly reserved: number
  /** The process. Not judged: the engine takes and returns memory as it likes. */
  readonly resident: number
  /** What JavaScript holds right after a collection. */
  readonly heap: number
}

const { gc } = globalThis as { gc?: () => void }
function collect(): void {
  if (gc === undefined) throw new Error('run it with node --expose-gc, as pnpm soak does')
  gc()
}

const started = performance.now()
const samples: Sample[] = []
let live = { buffers: 0, bytes: 0 }
let step = 0
let nextSample = 0
while (performance.now() - started < minutes * 60_000) {
  const [batch, time] = sizesAt(step)
  const ids = Int32Array.from({ length: batch * time }, (_, i) => (i * 7919 + step * 104_729) % VOCABULARY)
  const lengths = Int32Array.from({ length: batch }, (_, i) => 1 + ((i * 13 + step) % time))
  const loss = trainer.step({
    inputs: { data: ids, shape: [batch, time] },
    lengths: { data: lengths, shape: [batch] },
    targets: { data: Int32Array.from({ length: batch }, (_, i) => (i + step) % 6), shape: [batch] },
    size: batch,
  })
  if (step % 50 === 0 && !Number.isFinite((await loss.data())[0]))
    throw new Error(`the loss is not finite at step ${step}`)
  loss.dispose()
  step++
  if (step === 10) live = { buffers: backend.stats().liveBuffers, bytes: backend.stats().liveBytes }
  if (performance.now() - started >= nextSample * 1000) {
    collect()
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    samples.push({ reserved: backend.stats().reservedBytes, resident: rss, heap: heapUsed + arrayBuffers })
    nextSample++
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const early = samples.slice(0, Math.max(1, Math.ceil(samples.length / 5)))
const late = samples.slice(early.length)
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
const most = (of: readonly Sample[], key: keyof Sample): number => Math.max(0, ...of.map((sample) => sample[key]))
for (const key of ['reserved', 'resident', 'heap'] as const) {
  console.log(
    `${key.padEnd(9)} at most ${megabytes(most(early, key))} in the first fifth, ${megabytes(most(late, key))} after`,
  )
}
const { liveBuffers, liveBytes } = backend.stats()
console.log(
  `live      ${live.buffers} buffers, ${live.bytes} bytes after step 10; ${liveBuffers}, ${liveBytes} after step ${step}`,
)

// Linear memory may not grow at all, what JavaScript holds after a collection by no more than code that is still being optimised.
const flat =
  liveBuffers === live.buffers &&
  liveBytes === live.bytes &&
  most(late, 'reserved') <= most(early, 'reserved') &&
  most(late, 'heap') <= most(early, 'heap') * 1.05
console.log(
  `${step} steps of varying sizes in ${minutes} min on ${threads} thread${threads === 1 ? '' : 's'}: memory ${flat ? 'stays flat' : 'GROWS'}`,
)
trainer.dispose()
process.exitCode = flat ? 0 : 1
