// All that the module exports. A command is a function of the address of its arguments, the part to do, and the number of parts; arguments
// are words, of which the first two are the working memory of part 0 and the distance to the next part's.

import { madd } from "./simd";

export { binary, select } from "./binary";
export { badIndex, copy, copyRows, copyStrided, fill, gather, scatterAdd, transpose } from "./layout";
export { matmulFew, packWide } from "./gemv";
export { matmul } from "./matmul";
export { adamStep, rmspropStep, sgdStep } from "./optimizers";
export { packRecurrent } from "./pack";
export { random } from "./random";
export { recurrentBackward, recurrentBackwardScratch } from "./recurrent-backward";
export { recurrentForward, recurrentForwardScratch } from "./recurrent-forward";
export { argmax, reduce, sumOfSquares, topK } from "./reduce";
export { crossEntropyBackward, crossEntropyForward, layerNormBackward, layerNormForward, softmax } from "./rows";
export { linearScanBackward, linearScanForward } from "./scan";
export { unary } from "./unary";
export { tile1, tile2, tile3, tile4, tile5, tile6 } from "./tile";

/** First address past the module's own data. */
export function heapBase(): usize {
  return __heap_base;
}

/** Multiply-adds in registers alone, 96 floating-point operations each turn: the rate that kernels are measured against. */
export function probe(turns: i32, at: usize): f32 {
  const x = v128.load(at), y = v128.load(at, 16);
  let a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
  for (let turn = 0; turn < turns; turn++) {
    a = madd(a, y, x); b = madd(b, y, x); c = madd(c, y, x); d = madd(d, y, x);
    e = madd(e, y, x); f = madd(f, y, x); g = madd(g, y, x); h = madd(h, y, x);
    i = madd(i, y, x); j = madd(j, y, x); k = madd(k, y, x); l = madd(l, y, x);
  }
  const sum = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)));
  return f32x4.extract_lane(f32x4.add(sum, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0);
}

