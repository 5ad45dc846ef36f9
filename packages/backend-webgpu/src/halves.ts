// Parameters a second time, as float16: for products that are bound by how fast their weights come from memory.

import type { BufferHandle, Operand } from '@rnn/core'
import type { Gpu } from './kernel.ts'
import type { Block, Memory } from './memory.ts'
import { GRID_MAIN, gridOf } from './wgsl/grid.ts'

/**
 * The copies. Each is made when it is first asked for and dropped when its parameter changes, so that the same call gives the same bits whatever was computed before. Two elements lie in a word, in
 * their order; reading them takes `unpack2x16float`, which every device has, and so no `shader-f16`.
 */
export class Halves {
  readonly #memory: Memory
  readonly #kept = new Map<BufferHandle, Block>()

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** The copy of an operand's whole buffer, or undefined where that is no parameter. */
  of(operand: Operand, gpu: Gpu): Block | undefined {
    const { buffer } = operand
    const known = this.#kept.get(buffer)
    if (known !== undefined || !this.#memory.isParameter(buffer)) return known
    // Capacities are multiples of 16 bytes.
    const words = this.#memory.block(buffer, 'matmul').capacity / 8
    const copy = this.#memory.takeScratch(words * 4)
    this.#kept.set(buffer, copy)
    const program = gpu.program('halves', () => ({
      key: 'halves',
      reads: { xs: 'vec2<u32>' },
      writes: { out: 'u32' },
      parameters: { count: 'u32' },
      body: `${HALF_OF}${GRID_MAIN}
  out[i] = halfOf(xs[i].x) | (halfOf(xs[i].y) << 16u);
}`,
    }))
    gpu.dispatch(program, [operand, copy], { count: words }, gridOf(words, gpu.offer.workgroupsPerDimension))
    return copy
  }

  /** To be called after each call that writes a buffer, and when one is released. */
  forget(buffer: BufferHandle): void {
    const copy = this.#kept.get(buffer)
    if (copy === undefined) return
    this.#kept.delete(buffer)
    this.#memory.returnScratch(copy)
  }
}

/** Bits of a float32 → bits of the nearest float16, ties to even, on integers: WGSL's own conversion may do anything past the range. 65,520 and beyond become infinite. */
const HALF_OF = `
fn halfOf(x: u32) -> u32 {
  let sign = (x >> 16u) & 0x8000u;
  let size = x & 0x7fffffffu;
  if (size > 0x7f800000u) { return sign | 0x7e00u; }
  if (size >= 0x477ff000u) { return sign | 0x7c00u; }
  if (size >= 0x38800000u) {
    return sign | ((size - 0x38000000u + 0xfffu + ((size >> 13u) & 1u)) >> 13u);
  }
  if (size <= 0x33000000u) { return sign; }
  // Below 2⁻¹⁴: a multiple of 2⁻²⁴.
  let shift = 126u - (size >> 23u);
  let digits = (size & 0x7fffffu) | 0x800000u;
  let kept = digits >> shift;
  let rest = digits & ((1u << shift) - 1u);
  let middle = 1u << (shift - 1u);
  return sign | (kept + select(0u, 1u, rest > middle || (rest == middle && (kept & 1u) == 1u)));
}
`
