/** Numbers that every subject's process makes alike. */

/** `length` numbers from −limit to limit, by the Mulberry32 generator. */
export function uniform(seed: number, length: number, limit: number): Float32Array {
  let state = Math.imul(seed, 0x9e3779b9)
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return limit * (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1)
  })
}

/** `length` whole numbers from 0 to `count` − 1. */
export function wholeNumbers(seed: number, length: number, count: number): Int32Array {
  return Int32Array.from(uniform(seed, length, 1), (value) =>
    Math.min(count - 1, Math.floor(((value + 1) / 2) * count)),
  )
}
