// A step of the GRU whose reset gate comes before the recurrent product (Cho et al. 2014, later version), forward and backward: the candidate's product waits
// for the reset gate of all units, so a step goes over its units twice.

import { GradArrays } from "./gates-backward";
import { GateArrays } from "./gates-forward";
import { activate, slope } from "./gates-variant";
import { addProduct } from "./gemv";
import { tanh4 } from "./math";
import { madd, nmadd, storeUpTo4 } from "./simd";
import { groupRows, tileOf } from "./tile";

/**
 * A step forward. `left` is a table of what the product sees of the rows' states, `gated` one of working memory for r times that. Without packed weights
 * (`panels`) they are read where they lie.
 */
export function resetBeforeStep(gate: GateArrays, left: usize, gated: usize, running: i32, K: i32, panels: usize, weights: usize): void {
  const H = gate.H;
  const products = gate.products;
  const inputs = gate.inputs;
  if (!panels) {
    const state = <usize>H << 2;
    for (let slot = 0; slot < running; slot++) {
      const entry = <usize>slot << 2;
      memory.copy(products, load<usize>(inputs + entry), 3 * state);
      addProduct(load<usize>(left + entry), weights, 3 * state, K, 2 * H, products);
      resetAndUpdate(gate, entry, products, state, left, gated, 0, H);
      addProduct(load<usize>(gated + entry), weights + 2 * state, 3 * state, K, H, products + 2 * state);
      candidate(gate, entry, products + 2 * state, 0, H);
    }
    return;
  }
  const panelBytes = <usize>H << 5;
  let at = panels;
  for (let j = 0; j < H; j += 8, at += 3 * panelBytes) {
    for (let slot = 0; slot < running;) {
      const entry = <usize>slot << 2;
      const group = groupRows(running - slot);
      tileOf(group, left + entry, 0, inputs + entry, <usize>j << 2, at, K, products, 64);
      tileOf(group, left + entry, 0, inputs + entry, <usize>(H + j) << 2, at + panelBytes, K, products + 32, 64);
      for (let r = 0; r < group; r++) resetAndUpdate(gate, entry + (<usize>r << 2), products + (<usize>r << 6), 32, left, gated, j, j + 8);
      slot += group;
    }
  }
  at = panels + 2 * panelBytes;
  for (let j = 0; j < H; j += 8, at += 3 * panelBytes) {
    for (let slot = 0; slot < running;) {
      const entry = <usize>slot << 2;
      const group = groupRows(running - slot);
      tileOf(group, gated + entry, 0, inputs + entry, <usize>(2 * H + j) << 2, at, K, products, 32);
      for (let r = 0; r < group; r++) candidate(gate, entry + (<usize>r << 2), products + (<usize>r << 5), j, j + 8);
      slot += group;
    }
  }
}

/** Leaves r times the state in its working memory, and z where h will be. */
function resetAndUpdate(gate: GateArrays, entry: usize, p: usize, next: usize, left: usize, gated: usize, from: i32, to: i32): void {
  const H = gate.H;
  const width = <usize>H << 2;
  const fed = load<usize>(left + entry);
  const target = load<usize>(gated + entry);
  const after = load<usize>(gate.after + entry);
  const reserve = gate.reserve ? load<usize>(gate.reserve + entry) : 0;
  const end = min(to, H);
  for (let j = from; j < end; j += 4, p += 16) {
    const at = <usize>j << 2;
    const count = H - j;
    const reset = activate(gate.variant, v128.load(p));
    const update = activate(gate.variant, v128.load(p + next));
    v128.store(target + at, f32x4.mul(reset, v128.load(fed + at)));
    storeUpTo4(after + at, update, count);
    if (reserve) {
      storeUpTo4(reserve + at, reset, count);
      storeUpTo4(reserve + width + at, update, count);
    }
  }
}

/** h' = n + z·(h − n). */
function candidate(gate: GateArrays, entry: usize, p: usize, from: i32, to: i32): void {
  const H = gate.H;
  const before = load<usize>(gate.before + entry);
  const after = load<usize>(gate.after + entry);
  const reserve = gate.reserve ? load<usize>(gate.reserve + entry) + (<usize>H << 3) : 0;
  const end = min(to, H);
  for (let j = from; j < end; j += 4, p += 16) {
    const at = <usize>j << 2;
    const n = tanh4(v128.load(p));
    if (reserve) storeUpTo4(reserve + at, n, H - j);
    storeUpTo4(after + at, madd(v128.load(after + at), f32x4.sub(v128.load(before + at), n), n), H - j);
  }
}

/** The gradients of z and n; leaves in `hidden` what flows past the products. */
export function candidateGradients(grad: GradArrays): void {
  const H = grad.H;
  const width = <usize>H << 2;
  const one = f32x4.splat(1);
  for (let j = 0; j < H; j += 4) {
    const at = <usize>j << 2;
    const update = v128.load(grad.reserve + width + at);
    const n = v128.load(grad.reserve + 2 * width + at);
    const hidden = grad.hidden + at;
    const gradH = f32x4.add(v128.load(grad.upstream + at), v128.load(hidden));
    const gradZ = f32x4.mul(f32x4.mul(gradH, f32x4.sub(v128.load(grad.before + at), n)), slope(grad.variant, update));
    const gradN = f32x4.mul(f32x4.mul(gradH, f32x4.sub(one, update)), nmadd(n, n, one));
    v128.store(hidden, f32x4.mul(gradH, update));
    storeUpTo4(grad.gradProjected + width + at, gradZ, H - j);
    storeUpTo4(grad.gradProjected + 2 * width + at, gradN, H - j);
  }
}

/** The gradient of r from that of r times the state, at `gated`, and what flows on from there. `mask` is the row's own, or 0. */
export function resetGradients(grad: GradArrays, gated: usize, mask: usize): void {
  const H = grad.H;
  for (let j = 0; j < H; j += 4) {
    const at = <usize>j << 2;
    const reset = v128.load(grad.reserve + at);
    let toState = v128.load(gated + at);
    if (mask) toState = f32x4.mul(toState, v128.load(mask + at));
    const gradR = f32x4.mul(f32x4.mul(toState, v128.load(grad.before + at)), slope(grad.variant, reset));
    v128.store(grad.hidden + at, madd(toState, reset, v128.load(grad.hidden + at)));
    storeUpTo4(grad.gradProjected + at, gradR, H - j);
  }
}
