// The allocator against a model: blocks are aligned, never overlap, and come together again.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ALIGNMENT, Heap } from '../src/heap.ts'
import type { Block } from '../src/heap.ts'
import { CASES } from './kit.ts'

const PAGE = 65536

/** Memory of `most` bytes at the end, which starts with a page. */
function memoryOf(most: number): { byteLength: number; grown: number; grow(byteLength: number): boolean } {
  return {
    byteLength: PAGE,
    grown: 0,
    grow(byteLength) {
      if (byteLength > most) return false
      this.byteLength = Math.ceil(byteLength / PAGE) * PAGE
      this.grown++
      return true
    },
  }
}

test('blocks are aligned, large enough, apart from one another, and inside the memory', () => {
  const step = fc.record({ size: fc.oneof(fc.nat(300), fc.nat(100_000)), release: fc.boolean(), which: fc.nat() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const memory = memoryOf(2 ** 32)
      const heap = new Heap(memory, 1000)
      const live: { readonly block: Block; readonly size: number }[] = []
      for (const { size, release, which } of steps) {
        if (release && live.length > 0) {
          heap.give(live.splice(which % live.length, 1)[0]!.block)
          continue
        }
        const block = heap.take(size)!
        expect(block.pointer % ALIGNMENT).toBe(0)
        expect(block.pointer).toBeGreaterThanOrEqual(1000)
        expect(block.size).toBeGreaterThanOrEqual(size)
        expect(block.pointer + block.size).toBeLessThan(memory.byteLength)
        for (const other of live) {
          const apart =
            block.pointer + block.size <= other.block.pointer || other.block.pointer + other.block.size <= block.pointer
          expect(apart).toBe(true)
        }
        live.push({ block, size })
      }
      // All given back, whatever was taken is one stretch again.
      for (const { block } of live) heap.give(block)
      const { grown } = memory
      const whole = heap.take(memory.byteLength - 4096)
      expect(whole).toBeDefined()
      expect(memory.grown).toBe(grown)
    }),
    { numRuns: CASES },
  )
})

test('a loop that repeats its allocations takes nothing new from the system', () => {
  const memory = memoryOf(2 ** 32)
  const heap = new Heap(memory, 0)
  const sizes = Array.from({ length: 50 }, (_, i) => 64 + ((i * 7919) % 50_000))
  const round = (): number[] => {
    const blocks = sizes.map((size) => heap.take(size)!)
    const pointers = blocks.map(({ pointer }) => pointer)
    blocks.forEach((block, i) => i % 2 === 0 && heap.give(block))
    blocks.forEach((block, i) => i % 2 === 1 && heap.give(block))
    return pointers
  }
  round()
  const { grown } = memory
  const second = round()
  for (let i = 0; i < 100; i++) expect(round()).toEqual(second)
  expect(memory.grown).toBe(grown)
})

test('exhausted memory gives nothing, and goes on once something is given back', () => {
  const memory = memoryOf(8 * PAGE)
  const heap = new Heap(memory, 0)
  const blocks: Block[] = []
  for (let block = heap.take(PAGE); block !== undefined; block = heap.take(PAGE)) blocks.push(block)
  expect(blocks.length).toBe(7)
  expect(heap.take(2 * PAGE)).toBeUndefined()
  heap.give(blocks[2]!)
  expect(heap.take(2 * PAGE)).toBeUndefined()
  heap.give(blocks[3]!)
  expect(heap.take(2 * PAGE)?.pointer).toBe(blocks[2]!.pointer)
})

test('sizes up to nearly 4 GiB', () => {
  const memory = memoryOf(2 ** 32 - PAGE)
  const heap = new Heap(memory, 4096)
  const half = heap.take(2 ** 31)!
  const rest = heap.take(2 ** 31 - 3 * PAGE)!
  expect(rest.pointer).toBe(half.pointer + 2 ** 31)
  expect(heap.take(PAGE * 4)).toBeUndefined()
  heap.give(half)
  heap.give(rest)
  expect(heap.take(2 ** 32 - 4 * PAGE)).toBeDefined()
})
