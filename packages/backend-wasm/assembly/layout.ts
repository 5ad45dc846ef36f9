// Kernels that move words: fill, copy and cast, blocks for concat, pad and transpose, rows by index.

import { boundary, boundaryBy, int, scratchOf, word } from "./simd";
import { transpose4 } from "./pack";
import { addressIn, Share, shareOf, stepOf } from "./walk";

/** Command: [2] target [3] words [4] value, as a word. */
export function fill(args: usize, part: i32, parts: i32): void {
  const begin = boundaryBy(int(args, 3), 16, part, parts);
  const end = boundaryBy(int(args, 3), 16, part + 1, parts);
  fillWords(word(args, 2) + (<usize>begin << 2), end - begin, <u32>word(args, 4));
}

function fillWords(to: usize, count: i32, value: u32): void {
  const words = i32x4.splat(value);
  let i = 0;
  for (; i + 4 <= count; i += 4, to += 16) v128.store(to, words);
  for (; i < count; i++, to += 4) store<u32>(to, value);
}

// How `copy` changes what it copies.
const MOVE: i32 = 0;
const ADD_FLOATS: i32 = 1;
const ADD_INTS: i32 = 2;
const INTS_TO_FLOATS: i32 = 3;
const FLOATS_TO_INTS: i32 = 4;
const FLOATS_TO_BOOLS: i32 = 5;
const INTS_TO_BOOLS: i32 = 6;

/**
 * Command: [2] mode [3] words [4] source [5] its row length [6] row stride [7] target [8] its row length [9] row stride. Row lengths may differ: the copy goes
 * by stretches that lie in one row on both sides.
 */
export function copy(args: usize, part: i32, parts: i32): void {
  const mode = int(args, 2);
  const begin = boundaryBy(int(args, 3), 16, part, parts);
  const end = boundaryBy(int(args, 3), 16, part + 1, parts);
  const xRow = int(args, 5);
  const outRow = int(args, 8);
  if (begin >= end) return;
  let xAt = begin % xRow;
  let outAt = begin % outRow;
  let x = word(args, 4) + ((<usize>(begin / xRow) * word(args, 6) + <usize>xAt) << 2);
  let out = word(args, 7) + ((<usize>(begin / outRow) * word(args, 9) + <usize>outAt) << 2);
  const xJump = (word(args, 6) - <usize>xRow) << 2;
  const outJump = (word(args, 9) - <usize>outRow) << 2;
  for (let done = begin; done < end;) {
    const length = min(min(xRow - xAt, outRow - outAt), end - done);
    copyRun(mode, x, out, length);
    done += length;
    xAt += length;
    outAt += length;
    x += <usize>length << 2;
    out += <usize>length << 2;
    if (xAt == xRow) {
      xAt = 0;
      x += xJump;
    }
    if (outAt == outRow) {
      outAt = 0;
      out += outJump;
    }
  }
}

function copyRun(mode: i32, x: usize, out: usize, count: i32): void {
  if (mode == MOVE) {
    if (count > 16) {
      memory.copy(out, x, <usize>count << 2);
      return;
    }
    for (let i = 0; i < count; i++, x += 4, out += 4) store<u32>(out, load<u32>(x));
    return;
  }
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16, out += 16) v128.store(out, changed(mode, v128.load(x), v128.load(out)));
  for (; i < count; i++, x += 4, out += 4) {
    v128.store32_lane(out, changed(mode, v128.load32_splat(x), v128.load32_splat(out)), 0);
  }
}

// @ts-ignore: decorator
@inline
function changed(mode: i32, x: v128, out: v128): v128 {
  if (mode == ADD_FLOATS) return f32x4.add(out, x);
  if (mode == ADD_INTS) return i32x4.add(out, x);
  if (mode == INTS_TO_FLOATS) return f32x4.convert_i32x4_s(x);
  if (mode == FLOATS_TO_INTS) return i32x4.trunc_sat_f32x4_s(x);
  if (mode == FLOATS_TO_BOOLS) return v128.and(f32x4.ne(x, f32x4.splat(0)), i32x4.splat(1));
  return v128.and(i32x4.ne(x, i32x4.splat(0)), i32x4.splat(1)); // INTS_TO_BOOLS
}

/** Command, rows of words from one place to another: [2] rows [3] words of each [4] source [5] stride in words [6] target [7] stride. */
export function copyRows(args: usize, part: i32, parts: i32): void {
  const rows = int(args, 2);
  const length = int(args, 3);
  const from = boundary(rows, part, parts);
  const to = boundary(rows, part + 1, parts);
  let x = word(args, 4) + ((<usize>from * word(args, 5)) << 2);
  let out = word(args, 6) + ((<usize>from * word(args, 7)) << 2);
  for (let i = from; i < to; i++, x += word(args, 5) << 2, out += word(args, 7) << 2) copyRun(MOVE, x, out, length);
}

/** Command: words by a walk of source and target. [2] unused, [3 …] the walk. */
export function copyStrided(args: usize, part: i32, parts: i32): void {
  const share = changetype<Share>(scratchOf(args, part));
  shareOf(share, args, 3, part, parts);
  const count = share.end - share.begin;
  if (count <= 0) return;
  const xStep = stepOf(args, 3, 0) << 2;
  const outStep = stepOf(args, 3, 1) << 2;
  for (let run = share.first; run < share.last; run++) {
    let x = addressIn(args, 3, 2, 0, run, share.begin);
    let out = addressIn(args, 3, 2, 1, run, share.begin);
    if (xStep == 4 && outStep == 4) copyRun(MOVE, x, out, count);
    else for (let i = 0; i < count; i++, x += xStep, out += outStep) store<u32>(out, load<u32>(x));
  }
}

/** Command, a batch of matrices transposed: [2] batch [3] rows of the source [4] columns [5] source [6] target; all contiguous. */
export function transpose(args: usize, part: i32, parts: i32): void {
  const batch = int(args, 2);
  const rows = int(args, 3);
  const columns = int(args, 4);
  const size = (<usize>rows * <usize>columns) << 2;
  // Strips of four source columns: a part writes whole rows of the target.
  const strips = (columns + 3) >> 2;
  const total = batch * strips;
  const end = boundary(total, part + 1, parts);
  for (let i = boundary(total, part, parts); i < end; i++) {
    const matrix = i / strips;
    const j = (i - matrix * strips) << 2;
    const from = word(args, 5) + <usize>matrix * size + (<usize>j << 2);
    const to = word(args, 6) + <usize>matrix * size + ((<usize>j * <usize>rows) << 2);
    transposeStrip(from, rows, columns, min(4, columns - j), to);
  }
}

function transposeStrip(from: usize, rows: i32, columns: i32, width: i32, to: usize): void {
  const next = <usize>columns << 2;
  const step = <usize>rows << 2;
  let i = 0;
  if (width == 4) {
    for (; i + 4 <= rows; i += 4, from += 4 * next, to += 16) transpose4(from, next, to, step);
  }
  for (; i < rows; i++, from += next, to += 4) {
    for (let j: usize = 0; j < <usize>width; j++) store<u32>(to + j * step, load<u32>(from + (j << 2)));
  }
}

/** Position of the first index that is neither −1 nor in 0 … rows − 1, or −1. Called directly, before anything is written. */
export function badIndex(indices: usize, count: i32, rows: i32): i32 {
  for (let i = 0; i < count; i++) {
    const index = load<i32>(indices + (<usize>i << 2));
    if (index < -1 || index >= rows) return i;
  }
  return -1;
}

/** Command: [2] table [3] words of a row [4] indices [5] how many [6] out. */
export function gather(args: usize, part: i32, parts: i32): void {
  const row = int(args, 3);
  const bytes = <usize>row << 2;
  const end = boundary(int(args, 5), part + 1, parts);
  const begin = boundary(int(args, 5), part, parts);
  let out = word(args, 6) + <usize>begin * bytes;
  for (let i = begin; i < end; i++, out += bytes) {
    const index = load<i32>(word(args, 4) + (<usize>i << 2));
    if (index < 0) memory.fill(out, 0, bytes);
    else copyRun(MOVE, word(args, 2) + <usize>index * bytes, out, row);
  }
}

/** Command: [2] table [3] words of a row [4] indices [5] how many [6] updates [7] 1 for int32. Parts split the columns, so that each row adds in order. */
export function scatterAdd(args: usize, part: i32, parts: i32): void {
  const row = int(args, 3);
  const from = boundaryBy(row, 16, part, parts);
  const count = boundaryBy(row, 16, part + 1, parts) - from;
  if (count <= 0) return;
  const bytes = <usize>row << 2;
  const at = <usize>from << 2;
  let update = word(args, 6) + at;
  const mode = int(args, 7) ? ADD_INTS : ADD_FLOATS;
  for (let i = 0; i < int(args, 5); i++, update += bytes) {
    const index = load<i32>(word(args, 4) + (<usize>i << 2));
    if (index >= 0) copyRun(mode, update, word(args, 2) + <usize>index * bytes + at, count);
  }
}
