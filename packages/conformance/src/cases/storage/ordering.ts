// Ordering: allocate, release, write, run and read take effect in call order.

import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compareBits } from '../../check.ts'
import { addCall, copyCall, readFloats, vector, withBuffers } from './raw.ts'

const N = 64
const ramp = (start: number): number[] => Array.from({ length: N }, (_, i) => start + i)
const filled = (value: number): Float32Array => new Float32Array(N).fill(value)

export const orderingCases: readonly ConformanceCase[] = [
  caseOf('storage/order/run-sees-earlier-write', 'a run sees the writes before it', async ({ backend }) => {
    await withBuffers(backend, async ({ floats, empty }) => {
      const [a, b] = [floats(ramp(0)), empty(N)]
      backend.write(a, filled(7))
      backend.run(copyCall(vector(a, N), vector(b, N)))
      compareBits('copy', await readFloats(backend, b, N), filled(7))
    })
  }),

  caseOf('storage/order/write-after-run', 'a write does not overtake the run before it', async ({ backend }) => {
    await withBuffers(backend, async ({ floats, empty }) => {
      const [a, b] = [floats(ramp(0)), empty(N)]
      backend.run(copyCall(vector(a, N), vector(b, N)))
      backend.write(a, filled(-1))
      compareBits('what the run copied', await readFloats(backend, b, N), ramp(0))
      compareBits('what was written', await readFloats(backend, a, N), filled(-1))
    })
  }),

  caseOf(
    'storage/order/write-over-result',
    'a write after a run replaces its result, and a later run works on that',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats, empty }) => {
        const [a, b, c] = [floats(ramp(0)), empty(N), empty(N)]
        backend.run(copyCall(vector(a, N), vector(b, N)))
        backend.write(b, Float32Array.of(100), 4)
        backend.run(copyCall(vector(b, N), vector(c, N)))
        const expected = ramp(0)
        expected[1] = 100
        compareBits('values', await readFloats(backend, c, N), expected)
      })
    },
  ),

  caseOf(
    'storage/order/read-then-write',
    'a read gives the values as of its call, though they are overwritten right after',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats }) => {
        const a = floats(ramp(0))
        const reading = readFloats(backend, a, N)
        backend.write(a, filled(-1))
        const later = readFloats(backend, a, N)
        compareBits('as of the first call', await reading, ramp(0))
        compareBits('as of the second call', await later, filled(-1))
      })
    },
  ),

  caseOf(
    'storage/order/read-then-run',
    'a read gives the values as of its call, though a run changes them right after',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats }) => {
        const [a, b] = [floats(ramp(0)), floats(ramp(10))]
        const reading = readFloats(backend, a, N)
        backend.run(copyCall(vector(b, N), vector(a, N), true))
        compareBits('as of the call', await reading, ramp(0))
        compareBits(
          'afterwards',
          await readFloats(backend, a, N),
          ramp(0).map((x, i) => x + 10 + i),
        )
      })
    },
  ),

  caseOf(
    'storage/order/read-then-release',
    'a buffer may be released right after a read, and its memory used again',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats, release }) => {
        const a = floats(ramp(0))
        const reading = readFloats(backend, a, N)
        release(a)
        const next = floats(Array.from(filled(-1)))
        compareBits('what was read', await reading, ramp(0))
        compareBits('the new buffer', await readFloats(backend, next, N), filled(-1))
      })
    },
  ),

  caseOf(
    'storage/order/run-then-release',
    'an input may be released right after a run, and its memory used again',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats, empty, release }) => {
        const b = empty(N)
        for (let i = 0; i < 5; i++) {
          const a = floats(ramp(i))
          backend.run(copyCall(vector(a, N), vector(b, N)))
          release(a)
          const next = floats(Array.from(filled(-1)))
          compareBits(`copy ${i}`, await readFloats(backend, b, N), ramp(i))
          release(next)
        }
      })
    },
  ),

  caseOf(
    'storage/order/output-reused',
    'a released output may be reused while a copy of it is still due',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats, empty, release }) => {
        const a = floats(ramp(0))
        const total = floats(Array.from(filled(0)))
        for (let i = 0; i < 20; i++) {
          const b = empty(N)
          backend.run(addCall(vector(a, N), i, vector(b, N)))
          backend.run(copyCall(vector(b, N), vector(total, N), true))
          release(b)
        }
        compareBits(
          'sum',
          await readFloats(backend, total, N),
          ramp(0).map((x) => 20 * x + 190),
        )
      })
    },
  ),

  caseOf(
    'storage/order/long-chain',
    '500 runs in a row, each on the result of the one before, and one read',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats, empty }) => {
        const [a, b] = [floats(ramp(0)), empty(N)]
        for (let i = 0; i < 250; i++) {
          backend.run(addCall(vector(a, N), 1, vector(b, N)))
          backend.run(addCall(vector(b, N), 1, vector(a, N)))
        }
        compareBits('values', await readFloats(backend, a, N), ramp(500))
      })
    },
  ),

  caseOf(
    'storage/order/many-reads',
    'reads under way at the same time each give the values as of their call',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats, empty }) => {
        const [a, b] = [floats(ramp(0)), empty(N)]
        const readings: Promise<number[]>[] = []
        for (let i = 0; i < 10; i++) {
          backend.run(addCall(vector(a, N), i, vector(b, N)))
          readings.push(readFloats(backend, b, N))
        }
        const all = await Promise.all(readings)
        all.forEach((values, i) => compareBits(`read ${i}`, values, ramp(i)))
      })
    },
  ),

  caseOf('storage/order/distinct-buffers', 'live buffers never share memory', async ({ backend }) => {
    await withBuffers(backend, async ({ floats, release }) => {
      const buffers = Array.from({ length: 40 }, (_, i) => floats(ramp(i)))
      buffers.filter((_, i) => i % 3 === 0).forEach((buffer) => release(buffer))
      const more = Array.from({ length: 20 }, (_, i) => floats(ramp(1000 + i)))
      for (const [i, buffer] of buffers.entries()) {
        if (i % 3 !== 0) compareBits(`buffer ${i}`, await readFloats(backend, buffer, N), ramp(i))
      }
      for (const [i, buffer] of more.entries())
        compareBits(`new buffer ${i}`, await readFloats(backend, buffer, N), ramp(1000 + i))
    })
  }),

  caseOf('storage/order/sync', 'sync resolves after what was called before it', async ({ backend }) => {
    await withBuffers(backend, async ({ floats, empty }) => {
      const [a, b] = [floats(ramp(0)), empty(N)]
      backend.run(copyCall(vector(a, N), vector(b, N)))
      await backend.sync()
      await Promise.all([backend.sync(), backend.sync()])
      check((backend.stats().runs.copy ?? 0) > 0, 'stats().runs.copy is 0 after a copy and a sync')
      compareBits('copy', await readFloats(backend, b, N), ramp(0))
    })
  }),
]
