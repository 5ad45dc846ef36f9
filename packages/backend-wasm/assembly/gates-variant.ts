// The gates of LSTMs with options, forward and backward: another function, peepholes (Gers & Schmidhuber 2000), coupled gates (Greff et al. 2017). They go by
// four units and ask for each option as they go, which leaves the usual cell's loops alone, and costs little beside the product.

import { GradArrays } from "./gates-backward";
import { GateArrays } from "./gates-forward";
import { hardSigmoid4, hardSigmoidSlope4, sigmoid4, tanh4 } from "./math";
import { madd, nmadd, storeUpTo4 } from "./simd";

/** Bits of a variant: gates by the hard sigmoid. */
export const HARD: i32 = 1;
/** No forget gate, but f = 1 − i: gates i, g, o instead of i, f, g, o. */
export const COUPLED: i32 = 2;
/** p·c is added to what enters i, f and o. */
export const PEEPHOLES: i32 = 4;

export function lstmVariantGates(gate: GateArrays, entry: usize, p: usize, state: usize, from: i32, to: i32): void {
  const H = gate.H;
  const width = <usize>H << 2;
  const after = load<usize>(gate.after + entry);
  const reserve = gate.reserve ? load<usize>(gate.reserve + entry) : 0;
  const variant = gate.variant;
  const coupled = (variant & COUPLED) != 0;
  const seen = (variant & PEEPHOLES) != 0;
  const one = f32x4.splat(1);
  // From a gate to its neighbour, and of how many gates g comes after i.
  const next = gate.gateStride;
  const g: usize = coupled ? 1 : 2;
  const end = min(to, H);
  for (let j = from; j < end; j += 4, p += 16) {
    const at = <usize>j << 2;
    const count = H - j;
    const peephole = gate.peephole + at;
    const before = v128.load(state + at);
    let toI = v128.load(p);
    if (seen) toI = madd(v128.load(peephole), before, toI);
    const input = activate(variant, toI);
    let forget = f32x4.sub(one, input);
    if (!coupled) {
      let toF = v128.load(p + next);
      if (seen) toF = madd(v128.load(peephole + width), before, toF);
      forget = activate(variant, toF);
    }
    const candidate = tanh4(v128.load(p + g * next));
    const cell = madd(forget, before, f32x4.mul(input, candidate));
    v128.store(state + at, cell);
    let toO = v128.load(p + (g + 1) * next);
    if (seen) toO = madd(v128.load(peephole + g * width), cell, toO);
    const output = activate(variant, toO);
    if (reserve) {
      const kept = reserve + at;
      storeUpTo4(kept, input, count);
      if (!coupled) storeUpTo4(kept + width, forget, count);
      storeUpTo4(kept + g * width, candidate, count);
      storeUpTo4(kept + (g + 1) * width, output, count);
      storeUpTo4(kept + (g + 2) * width, cell, count);
    }
    storeUpTo4(after + at, f32x4.mul(output, tanh4(cell)), count);
  }
}

/** Leaves in `cell` what flows to the step before; `hidden` gets all of its share from the product. */
export function lstmVariantGradients(grad: GradArrays): void {
  const H = grad.H;
  const width = <usize>H << 2;
  const variant = grad.variant;
  const coupled = (variant & COUPLED) != 0;
  const seen = (variant & PEEPHOLES) != 0;
  const one = f32x4.splat(1);
  const g: usize = coupled ? 1 : 2;
  for (let j = 0; j < H; j += 4) {
    const at = <usize>j << 2;
    const count = H - j;
    const reserve = grad.reserve + at;
    const peephole = grad.peephole + at;
    const input = v128.load(reserve);
    const forget = coupled ? f32x4.sub(one, input) : v128.load(reserve + width);
    const candidate = v128.load(reserve + g * width);
    const output = v128.load(reserve + (g + 1) * width);
    const squashed = tanh4(v128.load(reserve + (g + 2) * width));
    const before = v128.load(grad.before + at);
    const gradH = f32x4.add(v128.load(grad.upstream + at), v128.load(grad.hidden + at));
    const gradO = f32x4.mul(f32x4.mul(gradH, squashed), slope(variant, output));
    let gradC = madd(f32x4.mul(gradH, output), nmadd(squashed, squashed, one), v128.load(grad.cell + at));
    if (seen) gradC = madd(gradO, v128.load(peephole + g * width), gradC);
    const share = coupled ? f32x4.sub(candidate, before) : candidate;
    const gradI = f32x4.mul(f32x4.mul(gradC, share), slope(variant, input));
    const gradG = f32x4.mul(f32x4.mul(gradC, input), nmadd(candidate, candidate, one));
    const to = grad.gradProjected + at;
    let past = f32x4.mul(gradC, forget);
    if (seen) past = madd(gradI, v128.load(peephole), past);
    if (!coupled) {
      const gradF = f32x4.mul(f32x4.mul(gradC, before), slope(variant, forget));
      if (seen) past = madd(gradF, v128.load(peephole + width), past);
      storeUpTo4(to + width, gradF, count);
    }
    v128.store(grad.cell + at, past);
    storeUpTo4(to, gradI, count);
    storeUpTo4(to + g * width, gradG, count);
    storeUpTo4(to + (g + 1) * width, gradO, count);
  }
}

export function activate(variant: i32, x: v128): v128 {
  return variant & HARD ? hardSigmoid4(x) : sigmoid4(x);
}

// @ts-ignore: decorator
@inline
export function slope(variant: i32, y: v128): v128 {
  return variant & HARD ? hardSigmoidSlope4(y) : nmadd(y, y, y);
}
