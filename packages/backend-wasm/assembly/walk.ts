// Walks several operands over one shape in runs: within a run each operand moves by a step, and each run's start follows from its number alone, so that parts
// can begin anywhere.
//
// A walk in a command's arguments, for n operands: [count] [runs] [levels], then for each operand [address] [step], then for each level, innermost first,
// [size] and each operand's [stride]. Steps and strides are in elements.

import { boundaryBy, int, word } from "./simd";

/** The share of a part: runs from `first` to `last`; where there is one run only, elements from `begin` to `end` of it. */
@unmanaged
export class Share {
  first: i32;
  last: i32;
  begin: i32;
  end: i32;
}

/** Fills the share of a part of the walk at argument `at`. */
// @ts-ignore: decorator
@inline
export function shareOf(share: Share, args: usize, at: i32, part: i32, parts: i32): void {
  const count = int(args, at);
  const runs = int(args, at + 1);
  const whole = runs > 1;
  share.first = whole ? boundaryBy(runs, 1, part, parts) : 0;
  share.last = whole ? boundaryBy(runs, 1, part + 1, parts) : runs;
  share.begin = whole ? 0 : boundaryBy(count, 16, part, parts);
  share.end = whole ? count : boundaryBy(count, 16, part + 1, parts);
}

/** Address of operand `index` of `n` at the beginning of run `run`, moved to element `begin` of it. */
export function addressIn(args: usize, at: i32, n: i32, index: i32, run: i32, begin: i32): usize {
  const levels = int(args, at + 2);
  const base = word(args, at + 3 + 2 * index) + ((word(args, at + 4 + 2 * index) * <usize>begin) << 2);
  let offset: usize = 0;
  let level = at + 3 + 2 * n;
  for (let i = 0; i < levels; i++, level += n + 1) {
    const size = int(args, level);
    const quotient = run / size;
    offset += <usize>(run - quotient * size) * word(args, level + 1 + index);
    run = quotient;
  }
  return base + (offset << 2);
}

// @ts-ignore: decorator
@inline
export function stepOf(args: usize, at: i32, index: i32): usize {
  return word(args, at + 4 + 2 * index);
}
