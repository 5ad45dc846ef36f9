// Keyed random numbers (Threefry-2x32, 20 rounds; Salmon et al. 2011): element i from counter i, the same words on every backend.

import { cosTurns, log64 } from "./math";
import { boundaryBy, int, word } from "./simd";

const BITS: i32 = 0;
const UNIFORM: i32 = 1;
const NORMAL: i32 = 2;
const BERNOULLI_FLOAT: i32 = 3;
const BERNOULLI_BOOL: i32 = 4;

/** Both words of a block: the first in the low half. */
export function threefry(k0: u32, k1: u32, counter: u32): u64 {
  const k2 = k0 ^ k1 ^ 0x1bd11bda;
  let x = counter + k0;
  let y = k1;
  x += y; y = rotl<u32>(y, 13) ^ x;
  x += y; y = rotl<u32>(y, 15) ^ x;
  x += y; y = rotl<u32>(y, 26) ^ x;
  x += y; y = rotl<u32>(y, 6) ^ x;
  x += k1; y += k2 + 1;
  x += y; y = rotl<u32>(y, 17) ^ x;
  x += y; y = rotl<u32>(y, 29) ^ x;
  x += y; y = rotl<u32>(y, 16) ^ x;
  x += y; y = rotl<u32>(y, 24) ^ x;
  x += k2; y += k0 + 2;
  x += y; y = rotl<u32>(y, 13) ^ x;
  x += y; y = rotl<u32>(y, 15) ^ x;
  x += y; y = rotl<u32>(y, 26) ^ x;
  x += y; y = rotl<u32>(y, 6) ^ x;
  x += k0; y += k1 + 3;
  x += y; y = rotl<u32>(y, 17) ^ x;
  x += y; y = rotl<u32>(y, 29) ^ x;
  x += y; y = rotl<u32>(y, 16) ^ x;
  x += y; y = rotl<u32>(y, 24) ^ x;
  x += k1; y += k2 + 4;
  x += y; y = rotl<u32>(y, 13) ^ x;
  x += y; y = rotl<u32>(y, 15) ^ x;
  x += y; y = rotl<u32>(y, 26) ^ x;
  x += y; y = rotl<u32>(y, 6) ^ x;
  return <u64>(x + k2) | (<u64>(y + k0 + 5) << 32);
}

/** Command: [2] kind [3] elements [4] key [5] out [6] threshold of Bernoulli. */
export function random(args: usize, part: i32, parts: i32): void {
  const kind = int(args, 2);
  const k0 = load<u32>(word(args, 4));
  const k1 = load<u32>(word(args, 4), 4);
  const begin = boundaryBy(int(args, 3), 16, part, parts);
  const end = boundaryBy(int(args, 3), 16, part + 1, parts);
  let out = word(args, 5) + (<usize>begin << 2);
  if (kind == NORMAL) {
    for (let i = begin; i < end; i++, out += 4) {
      const block = threefry(k0, k1, i);
      const u = <f64>((<u32>block >>> 8) + 1) * 5.9604644775390625e-8;
      const v = <f64>(<u32>(block >>> 32) >>> 8) * 5.9604644775390625e-8;
      store<f32>(out, <f32>(Math.sqrt(-2 * log64(u)) * cosTurns(v)));
    }
    return;
  }
  const threshold = <u32>word(args, 6);
  for (let i = begin; i < end; i += 2, out += 8) {
    const block = threefry(k0, k1, i >> 1);
    put(kind, out, <u32>block, threshold);
    if (i + 1 < end) put(kind, out + 4, <u32>(block >>> 32), threshold);
  }
}

// @ts-ignore: decorator
@inline
function put(kind: i32, out: usize, bits: u32, threshold: u32): void {
  if (kind == BITS) store<u32>(out, bits);
  else if (kind == UNIFORM) store<f32>(out, <f32>(bits >>> 8) * 5.9604644775390625e-8);
  else if (kind == BERNOULLI_FLOAT) store<f32>(out, bits >>> 8 < threshold ? 1 : 0);
  else store<u32>(out, bits >>> 8 < threshold ? 1 : 0); // BERNOULLI_BOOL
}
