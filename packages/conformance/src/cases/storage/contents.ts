// Storage: what is written is what is read, byte for byte.

import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compareBits } from '../../check.ts'
import { readFloats, withBuffers } from './raw.ts'

/** Bit patterns that a path through floats would change. */
const PATTERNS = Uint32Array.of(0, 0x80000000, 1, 0x7fc00001, 0x7f800001, 0xffffffff, 0x7f800000, 0x12345678)

export const contentCases: readonly ConformanceCase[] = [
  caseOf('storage/contents/bytes', 'bytes come back as they were written, whatever they mean', async ({ backend }) => {
    await withBuffers(backend, async ({ empty }) => {
      const buffer = empty(PATTERNS.length)
      backend.write(buffer, PATTERNS)
      const [bytes] = await backend.read([{ buffer, byteOffset: 0, byteLength: PATTERNS.byteLength }])
      compareBits('bytes', bytes ?? [], new Uint8Array(PATTERNS.buffer))
    })
  }),

  caseOf('storage/contents/views', 'write takes the window of a view, not the array behind it', async ({ backend }) => {
    await withBuffers(backend, async ({ empty }) => {
      const buffer = empty(3)
      const source = Float32Array.of(9, 1, 2, 3, 9)
      backend.write(buffer, source.subarray(1, 4))
      compareBits('subarray', await readFloats(backend, buffer, 3), [1, 2, 3])
      backend.write(buffer, new DataView(source.buffer, 8, 12))
      compareBits('DataView', await readFloats(backend, buffer, 3), [2, 3, 9])
      backend.write(buffer, new Uint8Array(source.buffer, 4, 12))
      compareBits('Uint8Array', await readFloats(backend, buffer, 3), [1, 2, 3])
    })
  }),

  caseOf('storage/contents/partial-write', 'a write at an offset changes only its bytes', async ({ backend }) => {
    await withBuffers(backend, async ({ floats }) => {
      const buffer = floats([1, 2, 3, 4, 5, 6, 7])
      backend.write(buffer, Float32Array.of(30, 40), 8)
      compareBits('values', await readFloats(backend, buffer, 7), [1, 2, 30, 40, 5, 6, 7])
      backend.write(buffer, new Float32Array(0), 28)
      compareBits('after an empty write', await readFloats(backend, buffer, 7), [1, 2, 30, 40, 5, 6, 7])
    })
  }),

  caseOf(
    'storage/contents/ranges',
    'one read takes several ranges of several buffers, in the order asked',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats }) => {
        const [a, b] = [floats([1, 2, 3, 4]), floats([5, 6, 7, 8])]
        const ranges = [
          { buffer: b, byteOffset: 4, byteLength: 8 },
          { buffer: a, byteOffset: 12, byteLength: 4 },
          { buffer: b, byteOffset: 0, byteLength: 16 },
          { buffer: a, byteOffset: 8, byteLength: 0 },
        ]
        const results = await backend.read(ranges)
        const floatsOf = results.map((bytes) => new Float32Array(bytes.slice().buffer))
        check(results.length === 4, `4 ranges gave ${results.length} arrays`)
        const expected = [[6, 7], [4], [5, 6, 7, 8], []]
        expected.forEach((values, i) => compareBits(`range ${i}`, floatsOf[i] ?? [], values))
        check((await backend.read([])).length === 0, 'a read of no ranges gives no arrays')
      })
    },
  ),

  caseOf('storage/contents/ownership', 'what a read gives belongs to the caller', async ({ backend }) => {
    await withBuffers(backend, async ({ floats }) => {
      const buffer = floats([1, 2])
      const range = { buffer, byteOffset: 0, byteLength: 8 }
      const [first, second] = await backend.read([range, range])
      first?.fill(0xff)
      compareBits('the other array', new Float32Array(second!.slice().buffer), [1, 2])
      compareBits('the buffer', await readFloats(backend, buffer, 2), [1, 2])
    })
  }),

  caseOf('storage/contents/copied-on-write', 'write has copied before it returns', async ({ backend }) => {
    await withBuffers(backend, async ({ empty }) => {
      const buffer = empty(3)
      const source = Float32Array.of(1, 2, 3)
      backend.write(buffer, source)
      source.fill(-1)
      compareBits('values', await readFloats(backend, buffer, 3), [1, 2, 3])
    })
  }),

  caseOf('storage/contents/large', 'a buffer of four megabytes keeps every byte', async ({ backend }) => {
    await withBuffers(backend, async ({ empty }) => {
      const words = Int32Array.from({ length: 2 ** 20 }, (_, i) => Math.imul(i, 0x9e3779b1))
      const buffer = empty(words.length)
      backend.write(buffer, words)
      const [bytes] = await backend.read([{ buffer, byteOffset: 0, byteLength: words.byteLength }])
      const got = new Int32Array(bytes!.slice().buffer)
      const wrong = words.findIndex((word, i) => word !== got[i])
      check(wrong === -1, `word ${wrong} is ${got[wrong]}, expected ${words[wrong]}`)
    })
  }),

  caseOf(
    'storage/contents/read-sync',
    'readSync gives what read gives, and waits for earlier calls',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats }) => {
        const buffer = floats([1, 2, 3])
        const operand = { buffer, byteOffset: 0, shape: [3], dtype: 'float32' } as const
        backend.run({ op: 'fill', inputs: [], outputs: [operand], attributes: { value: 4 } })
        const bytes = backend.readSync!({ buffer, byteOffset: 4, byteLength: 8 })
        compareBits('values', new Float32Array(bytes.slice().buffer), [4, 4])
        bytes.fill(0xff)
        compareBits('the buffer', await readFloats(backend, buffer, 3), [4, 4, 4])
      })
    },
    ['readSync'],
  ),

  caseOf(
    'storage/contents/empty-buffer',
    'a buffer of no bytes can be allocated, written, read and released',
    async ({ backend }) => {
      const buffer = backend.allocate(0, 'transient')
      backend.write(buffer, new Uint8Array(0))
      const [bytes] = await backend.read([{ buffer, byteOffset: 0, byteLength: 0 }])
      check(bytes?.byteLength === 0, `reading nothing gave ${bytes?.byteLength} bytes`)
      backend.release(buffer)
    },
  ),
]
