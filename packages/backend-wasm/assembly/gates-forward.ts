// The gates of the cells over one group of rows and some units, forward. Vectors past the last unit hold whatever lay there: only stores are cut.

import { HARD, lstmVariantGates } from "./gates-variant";
import { hardSigmoid4, sigmoid4, tanh4 } from "./math";
import { madd, storeUpTo8 } from "./simd";

/** Where the gates of a group find and leave things: filled once, then moved along. Tables begin at the group's first slot. */
@unmanaged
export class GateArrays {
  H: i32;
  gates: i32;
  /** Products of a group, and the distances between rows and between gates, in bytes. */
  products: usize;
  rowStride: usize;
  gateStride: usize;
  /** Addresses of the hidden state before and after the step, and of the reserve. */
  before: usize;
  after: usize;
  reserve: usize;
  /** Address of the first slot's cell state, and distance to the next, in bytes. */
  cell: usize;
  cellStride: usize;
  /** GRU: addresses of the projections, and the address of the bias. */
  inputs: usize;
  bias: usize;
  /** What sets the cell apart from the usual one, by the bits of gates-variant.ts, and the address of its peepholes. */
  variant: i32;
  peephole: usize;
}

/** The gates of any cell (0 tanh, 1 relu, 2 LSTM, 3 GRU) over units `from` … `to`, whose products begin at `gate.products`. */
export function gates(cell: i32, gate: GateArrays, rows: i32, from: i32, to: i32): void {
  let products = gate.products;
  let state = gate.cell;
  for (let r = 0; r < rows; r++, products += gate.rowStride, state += gate.cellStride) {
    const entry = <usize>r << 2;
    if (cell == 2) {
      if (gate.variant) lstmVariantGates(gate, entry, products, state, from, to);
      else lstmGates(gate, entry, products, state, from, to);
    } else if (cell == 3) {
      if (gate.variant & HARD) hardGruGates(gate, entry, products, from, to);
      else gruGates(gate, entry, products, from, to);
    } else simpleGates(gate, entry, products, from, to, cell);
  }
}

/** LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000), order i, f, g, o: c' = f·c + i·g, h = o·tanh(c'). Cell states are padded to whole blocks. */
function lstmGates(gate: GateArrays, entry: usize, p: usize, state: usize, from: i32, to: i32): void {
  const H = gate.H;
  const next = gate.gateStride;
  const width = <usize>H << 2;
  const after = load<usize>(gate.after + entry);
  const reserve = gate.reserve ? load<usize>(gate.reserve + entry) : 0;
  for (let j = from; j < to; j += 8, p += 32) {
    const at = <usize>j << 2;
    const count = H - j;
    const i0 = sigmoid4(v128.load(p)), i1 = sigmoid4(v128.load(p, 16));
    const f0 = sigmoid4(v128.load(p + next)), f1 = sigmoid4(v128.load(p + next, 16));
    const g0 = tanh4(v128.load(p + 2 * next)), g1 = tanh4(v128.load(p + 2 * next, 16));
    const c0 = madd(f0, v128.load(state + at), f32x4.mul(i0, g0));
    const c1 = madd(f1, v128.load(state + at, 16), f32x4.mul(i1, g1));
    v128.store(state + at, c0);
    v128.store(state + at, c1, 16);
    const o0 = sigmoid4(v128.load(p + 3 * next)), o1 = sigmoid4(v128.load(p + 3 * next, 16));
    if (reserve) {
      const kept = reserve + at;
      storeUpTo8(kept, i0, i1, count);
      storeUpTo8(kept + width, f0, f1, count);
      storeUpTo8(kept + 2 * width, g0, g1, count);
      storeUpTo8(kept + 3 * width, o0, o1, count);
      storeUpTo8(kept + 4 * width, c0, c1, count);
    }
    storeUpTo8(after + at, f32x4.mul(o0, tanh4(c0)), f32x4.mul(o1, tanh4(c1)), count);
  }
}

/** GRU (Cho et al. 2014), reset after the product, order r, z, n: n = tanh(x + r·(h·R + b)), h' = n + z·(h − n). */
function gruGates(gate: GateArrays, entry: usize, p: usize, from: i32, to: i32): void {
  gruGatesOf(false, gate, entry, p, from, to);
}

function hardGruGates(gate: GateArrays, entry: usize, p: usize, from: i32, to: i32): void {
  gruGatesOf(true, gate, entry, p, from, to);
}

/** Inlined, so that `hard` is known. */
// @ts-ignore: decorator
@inline
function gruGatesOf(hard: bool, gate: GateArrays, entry: usize, p: usize, from: i32, to: i32): void {
  const H = gate.H;
  const next = gate.gateStride;
  const width = <usize>H << 2;
  const before = load<usize>(gate.before + entry);
  const after = load<usize>(gate.after + entry);
  const input = load<usize>(gate.inputs + entry) + 2 * width;
  const reserve = gate.reserve ? load<usize>(gate.reserve + entry) : 0;
  for (let j = from; j < to; j += 8, p += 32) {
    const at = <usize>j << 2;
    const count = H - j;
    const bias = gate.bias + at;
    const r0 = gateOf(hard, f32x4.add(v128.load(p), v128.load(bias)));
    const r1 = gateOf(hard, f32x4.add(v128.load(p, 16), v128.load(bias, 16)));
    const z0 = gateOf(hard, f32x4.add(v128.load(p + next), v128.load(bias + width)));
    const z1 = gateOf(hard, f32x4.add(v128.load(p + next, 16), v128.load(bias + width, 16)));
    const m0 = v128.load(p + 2 * next), m1 = v128.load(p + 2 * next, 16);
    const n0 = tanh4(madd(r0, m0, v128.load(input + at)));
    const n1 = tanh4(madd(r1, m1, v128.load(input + at, 16)));
    if (reserve) {
      const kept = reserve + at;
      storeUpTo8(kept, r0, r1, count);
      storeUpTo8(kept + width, z0, z1, count);
      storeUpTo8(kept + 2 * width, n0, n1, count);
      storeUpTo8(kept + 3 * width, m0, m1, count);
    }
    const h0 = madd(z0, f32x4.sub(v128.load(before + at), n0), n0);
    const h1 = madd(z1, f32x4.sub(v128.load(before + at, 16), n1), n1);
    storeUpTo8(after + at, h0, h1, count);
  }
}

/** The simple cells (Elman 1990): h' = tanh(x + h·R), or with relu, which lets NaN pass. */
function simpleGates(gate: GateArrays, entry: usize, p: usize, from: i32, to: i32, relu: i32): void {
  const after = load<usize>(gate.after + entry);
  const zero = f32x4.splat(0);
  for (let j = from; j < to; j += 8, p += 32) {
    const x0 = v128.load(p), x1 = v128.load(p, 16);
    const h0 = relu ? f32x4.pmax(x0, zero) : tanh4(x0);
    const h1 = relu ? f32x4.pmax(x1, zero) : tanh4(x1);
    storeUpTo8(after + (<usize>j << 2), h0, h1, gate.H - j);
  }
}

// @ts-ignore: decorator
@inline
function gateOf(hard: bool, x: v128): v128 {
  return hard ? hardSigmoid4(x) : sigmoid4(x);
}
