// Vector helpers that all kernels share.

/** a·b + c; fused in the relaxed build. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a·b; fused in the relaxed build. */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** Stores the first `count` (1 … 3) lanes. */
export function storeLanes(to: usize, value: v128, count: i32): void {
  if (count >= 2) {
    v128.store64_lane(to, value, 0);
    if (count == 3) v128.store32_lane(to, value, 2, 8);
  } else {
    v128.store32_lane(to, value, 0);
  }
}

/** Stores as many of four values as `count` (at least 1) says. */
// @ts-ignore: decorator
@inline
export function storeUpTo4(to: usize, value: v128, count: i32): void {
  if (count >= 4) v128.store(to, value);
  else storeLanes(to, value, count);
}

/** Stores as many of eight values as `count` (at least 1) says. */
// @ts-ignore: decorator
@inline
export function storeUpTo8(to: usize, low: v128, high: v128, count: i32): void {
  if (count >= 8) {
    v128.store(to, low);
    v128.store(to, high, 16);
  } else {
    storeTail8(to, low, high, count);
  }
}

export function storeTail8(to: usize, low: v128, high: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, low);
    if (count > 4) storeLanes(to + 16, high, count - 4);
  } else {
    storeLanes(to, low, count);
  }
}

/** Sum of the four lanes, in pairs. */
// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

/** Argument `index` of a command as an integer or address. */
// @ts-ignore: decorator
@inline
export function word(args: usize, index: i32): usize {
  return load<usize>(args + (<usize>index << 2));
}

/** Argument `index` of a command as a signed integer. */
// @ts-ignore: decorator
@inline
export function int(args: usize, index: i32): i32 {
  return load<i32>(args + (<usize>index << 2));
}

/** Argument `index` of a command as a float. */
// @ts-ignore: decorator
@inline
export function float(args: usize, index: i32): f32 {
  return load<f32>(args + (<usize>index << 2));
}

/** Working memory of a part: the first two arguments of a command are the address of that of part 0 and the distance to the next. */
// @ts-ignore: decorator
@inline
export function scratchOf(args: usize, part: i32): usize {
  return word(args, 0) + word(args, 1) * <usize>part;
}

/** Shows that a part goes on: the word before its working memory changes. */
// @ts-ignore: decorator
@inline
export function showProgress(args: usize, part: i32): void {
  const at = scratchOf(args, part) - 64;
  store<i32>(at, load<i32>(at) + 1);
}

/** Where part `part` of `parts` begins among `total` things; its end is where the next begins. */
// @ts-ignore: decorator
@inline
export function boundary(total: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>total * <i64>part) / <i64>parts);
}

/** As `boundary`, at a multiple of `grain` (or the end). */
// @ts-ignore: decorator
@inline
export function boundaryBy(total: i32, grain: i32, part: i32, parts: i32): i32 {
  return min(total, boundary((total + grain - 1) / grain, part, parts) * grain);
}
