// The gates of the cells over one row of one time step, backward: from the gradient of h to the gradients of what entered the gates.

import { hardSigmoidSlope4, tanh4 } from "./math";
import { madd, nmadd, storeUpTo4 } from "./simd";

/** Addresses of one row of one step; gradients that flow from step to step are in `hidden` and `cell`, padded to whole blocks. */
@unmanaged
export class GradArrays {
  H: i32;
  /** Gradient of the sequence from outside. */
  upstream: usize;
  /** The hidden state after the step. */
  after: usize;
  reserve: usize;
  /** The state before the step that the cell needs: LSTM the cell state, GRU the hidden state. */
  before: usize;
  hidden: usize;
  cell: usize;
  gradProjected: usize;
  /** GRU: gradient of the recurrent product. */
  gradProduct: usize;
  /** What sets the cell apart from the usual one, by the bits of gates-variant.ts, and the address of its peepholes. */
  variant: i32;
  peephole: usize;
}

/** Leaves in `cell` what flows to the step before; `hidden` gets all of its share from the product. */
export function lstmGradients(grad: GradArrays): void {
  const H = grad.H;
  const width = <usize>H << 2;
  const one = f32x4.splat(1);
  const reserve = grad.reserve;
  for (let j = 0; j < H; j += 4) {
    const at = <usize>j << 2;
    const count = H - j;
    const input = v128.load(reserve + at);
    const forget = v128.load(reserve + width + at);
    const candidate = v128.load(reserve + 2 * width + at);
    const output = v128.load(reserve + 3 * width + at);
    const squashed = tanh4(v128.load(reserve + 4 * width + at));
    const gradH = f32x4.add(v128.load(grad.upstream + at), v128.load(grad.hidden + at));
    const cell = grad.cell + at;
    const gradC = madd(f32x4.mul(gradH, output), nmadd(squashed, squashed, one), v128.load(cell));
    const gradI = f32x4.mul(f32x4.mul(gradC, candidate), nmadd(input, input, input));
    const gradF = f32x4.mul(f32x4.mul(gradC, v128.load(grad.before + at)), nmadd(forget, forget, forget));
    const gradG = f32x4.mul(f32x4.mul(gradC, input), nmadd(candidate, candidate, one));
    const gradO = f32x4.mul(f32x4.mul(gradH, squashed), nmadd(output, output, output));
    v128.store(cell, f32x4.mul(gradC, forget));
    const to = grad.gradProjected + at;
    storeUpTo4(to, gradI, count);
    storeUpTo4(to + width, gradF, count);
    storeUpTo4(to + 2 * width, gradG, count);
    storeUpTo4(to + 3 * width, gradO, count);
  }
}

/** Leaves in `hidden` what flows past the product. */
export function gruGradients(grad: GradArrays): void {
  gruGradientsOf(false, grad);
}

/** The same with hard-sigmoid gates. */
export function hardGruGradients(grad: GradArrays): void {
  gruGradientsOf(true, grad);
}

/** Inlined, so that `hard` is known. */
// @ts-ignore: decorator
@inline
function gruGradientsOf(hard: bool, grad: GradArrays): void {
  const H = grad.H;
  const width = <usize>H << 2;
  const one = f32x4.splat(1);
  const reserve = grad.reserve;
  for (let j = 0; j < H; j += 4) {
    const at = <usize>j << 2;
    const count = H - j;
    const reset = v128.load(reserve + at);
    const update = v128.load(reserve + width + at);
    const candidate = v128.load(reserve + 2 * width + at);
    const recurrent = v128.load(reserve + 3 * width + at);
    const hidden = grad.hidden + at;
    const gradH = f32x4.add(v128.load(grad.upstream + at), v128.load(hidden));
    const gradN = f32x4.mul(f32x4.mul(gradH, f32x4.sub(one, update)), nmadd(candidate, candidate, one));
    const gradR = f32x4.mul(f32x4.mul(gradN, recurrent), slopeOf(hard, reset));
    const gradZ = f32x4.mul(f32x4.mul(gradH, f32x4.sub(v128.load(grad.before + at), candidate)), slopeOf(hard, update));
    v128.store(hidden, f32x4.mul(gradH, update));
    const to = grad.gradProjected + at;
    storeUpTo4(to, gradR, count);
    storeUpTo4(to + width, gradZ, count);
    storeUpTo4(to + 2 * width, gradN, count);
    const product = grad.gradProduct + at;
    storeUpTo4(product, gradR, count);
    storeUpTo4(product + width, gradZ, count);
    storeUpTo4(product + 2 * width, f32x4.mul(gradN, reset), count);
  }
}

export function simpleGradients(grad: GradArrays, relu: i32): void {
  const H = grad.H;
  const one = f32x4.splat(1);
  for (let j = 0; j < H; j += 4) {
    const at = <usize>j << 2;
    const h = v128.load(grad.after + at);
    const gradH = f32x4.add(v128.load(grad.upstream + at), v128.load(grad.hidden + at));
    const value = relu ? v128.and(f32x4.gt(h, f32x4.splat(0)), gradH) : f32x4.mul(gradH, nmadd(h, h, one));
    storeUpTo4(grad.gradProjected + at, value, H - j);
  }
}

// @ts-ignore: decorator
@inline
function slopeOf(hard: bool, y: v128): v128 {
  return hard ? hardSigmoidSlope4(y) : nmadd(y, y, y);
}
