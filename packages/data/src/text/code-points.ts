/**
 * The order of strings by Unicode code point: the same everywhere, unlike `localeCompare`, and unlike `<`, which
 * compares UTF-16 units.
 */

/** Negative, zero or positive as `a` comes before, equals or comes after `b` by code points. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Moves surrogates (which stand for code points past U+FFFF) behind U+E000 … U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
