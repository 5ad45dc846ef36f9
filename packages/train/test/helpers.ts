// Small models and data sets for the tests of training.

import { cpu } from '@rnn/backend-cpu'
import { decorate, hostUniform, key, splitKey, type Backend } from '@rnn/core'
import { dense, dropout, embedding, gru, sequential, type HostArray, type Sequential } from '@rnn/layers'
import type { TrainingBatch, TrainingSet } from '../src/index.ts'

export interface SetOptions {
  readonly samples?: number
  readonly batchSize?: number
  readonly seed?: number
  /** Longest sequence; each batch is as long as its longest row. */
  readonly time?: number
}

/** Batches as @rnn/data makes them. */
export interface TestBatch extends TrainingBatch {
  readonly inputs: HostArray<Int32Array>
  readonly targets: HostArray<Int32Array>
  readonly lengths: HostArray<Int32Array>
}

/** A set whose batches are at hand. */
export interface TestSet extends TrainingSet {
  batches(epoch: number, start?: number): Iterable<TestBatch>
}

/** Sequences of ids 1 … 9 of varying length, shuffled anew in each epoch; the class is whether the last id is above 5. */
export function sequences(options: SetOptions = {}): TestSet {
  const { samples = 22, batchSize = 4, seed = 1, time = 6 } = options
  const next = hostUniform(key(seed))
  const rows = Array.from({ length: samples }, () =>
    Int32Array.from({ length: 1 + Math.floor(next() * time) }, () => 1 + Math.floor(next() * 9)),
  )
  const batchCount = Math.ceil(samples / batchSize)
  return {
    batchCount,
    sampleCount: samples,
    *batches(epoch, start = 0) {
      const random = hostUniform(splitKey(key(seed), epoch))
      const order = rows
        .map((row) => ({ row, at: random() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ row }) => row)
      for (let i = start; i < batchCount; i++) yield batchOf(order.slice(i * batchSize, (i + 1) * batchSize))
    },
  }
}

function batchOf(rows: readonly Int32Array[]): TestBatch {
  const time = Math.max(...rows.map(({ length }) => length))
  const ids = new Int32Array(rows.length * time)
  rows.forEach((row, i) => ids.set(row, i * time))
  return {
    inputs: { data: ids, shape: [rows.length, time] },
    targets: { data: Int32Array.from(rows, (row) => Number(row.at(-1)! > 5)), shape: [rows.length] },
    lengths: { data: Int32Array.from(rows, ({ length }) => length), shape: [rows.length] },
    size: rows.length,
  }
}

/** Embedding, GRU, dropout, dense: everything that a step can hold. */
export function classifier(): Sequential {
  return sequential(
    embedding({ vocabularySize: 10, units: 4 }),
    gru({ units: 5, returns: 'last' }),
    dropout(0.3),
    dense({ units: 2 }),
  )
}

export async function trained(seed = 1, backend?: Backend): Promise<Sequential> {
  return classifier().init(backend ?? (await cpu()), { seed })
}

/** All values of a model, by path. */
export async function weightsOf(model: Sequential): Promise<Record<string, readonly number[]>> {
  const entries = model
    .variables()
    .map(async ({ path, variable }) => [path, [...(await variable.value.data())]] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** A backend whose memory is not at hand: reads take a macrotask, as on a GPU. */
export async function distantCpu(): Promise<Backend> {
  const backend = await cpu()
  const { readSync: _, ...distant } = decorate(backend, {
    read: async (ranges) => {
      const values = await backend.read(ranges)
      await new Promise((resolve) => setTimeout(resolve, 0))
      return values
    },
  })
  return distant
}
