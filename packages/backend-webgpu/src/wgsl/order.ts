// Numbers as u32 that compare in their order, NaN above all: what argmax and topK compare.

/** `orderOf(x)` for elements of a type. −0 and 0 are equal. */
export function orderOf(type: 'f32' | 'i32'): string {
  if (type === 'i32') return 'fn orderOf(x: i32) -> u32 { return bitcast<u32>(x) ^ 0x80000000u; }'
  return `fn orderOf(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) { return 0xffffffffu; }
  if (size == 0u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, bits >> 31u == 1u);
}`
}
