// The gates of the cells over one group of rows and one block of eight units, forward. Vectors past the last unit hold whatever lay there: only stores are cut.

import { sigmoid4, tanh4 } from "./math";
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
}

/** The gates of any cell: 0 tanh, 1 relu, 2 LSTM, 3 GRU. */
export function gates(cell: i32, gate: GateArrays, rows: i32, j: i32): void {
  if (cell == 2) lstmGates(gate, rows, j);
  else if (cell == 3) gruGates(gate, rows, j);
  else simpleGates(gate, rows, j, cell);
}

/** LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000), order i, f, g, o: c' = f·c + i·g, h = o·tanh(c'). Cell states are padded to whole blocks. */
function lstmGates(gate: GateArrays, rows: i32, j: i32): void {
  const count = gate.H - j;
  const at = <usize>j << 2;
  const width = <usize>gate.H << 2;
  let p = gate.products;
  let cell = gate.cell + at;
  const next = gate.gateStride;
  for (let r = 0; r < rows; r++, p += gate.rowStride, cell += gate.cellStride) {
    const entry = <usize>r << 2;
    const after = load<usize>(gate.after + entry) + at;
    const i0 = sigmoid4(v128.load(p)), i1 = sigmoid4(v128.load(p, 16));
    const f0 = sigmoid4(v128.load(p + next)), f1 = sigmoid4(v128.load(p + next, 16));
    const g0 = tanh4(v128.load(p + 2 * next)), g1 = tanh4(v128.load(p + 2 * next, 16));
    const c0 = madd(f0, v128.load(cell), f32x4.mul(i0, g0));
    const c1 = madd(f1, v128.load(cell, 16), f32x4.mul(i1, g1));
    v128.store(cell, c0);
    v128.store(cell, c1, 16);
    const o0 = sigmoid4(v128.load(p + 3 * next)), o1 = sigmoid4(v128.load(p + 3 * next, 16));
    if (gate.reserve) {
      const reserve = load<usize>(gate.reserve + entry) + at;
      storeUpTo8(reserve, i0, i1, count);
      storeUpTo8(reserve + width, f0, f1, count);
      storeUpTo8(reserve + 2 * width, g0, g1, count);
      storeUpTo8(reserve + 3 * width, o0, o1, count);
      storeUpTo8(reserve + 4 * width, c0, c1, count);
    }
    storeUpTo8(after, f32x4.mul(o0, tanh4(c0)), f32x4.mul(o1, tanh4(c1)), count);
  }
}

/** GRU (Cho et al. 2014), reset after the product, order r, z, n: n = tanh(x + r·(h·R + b)), h' = n + z·(h − n). */
function gruGates(gate: GateArrays, rows: i32, j: i32): void {
  const count = gate.H - j;
  const at = <usize>j << 2;
  const width = <usize>gate.H << 2;
  const bias = gate.bias + at;
  let p = gate.products;
  const next = gate.gateStride;
  for (let r = 0; r < rows; r++, p += gate.rowStride) {
    const entry = <usize>r << 2;
    const before = load<usize>(gate.before + entry) + at;
    const after = load<usize>(gate.after + entry) + at;
    const input = load<usize>(gate.inputs + entry) + at + 2 * width;
    const r0 = sigmoid4(f32x4.add(v128.load(p), v128.load(bias)));
    const r1 = sigmoid4(f32x4.add(v128.load(p, 16), v128.load(bias, 16)));
    const z0 = sigmoid4(f32x4.add(v128.load(p + next), v128.load(bias + width)));
    const z1 = sigmoid4(f32x4.add(v128.load(p + next, 16), v128.load(bias + width, 16)));
    const m0 = v128.load(p + 2 * next), m1 = v128.load(p + 2 * next, 16);
    const n0 = tanh4(madd(r0, m0, v128.load(input)));
    const n1 = tanh4(madd(r1, m1, v128.load(input, 16)));
    if (gate.reserve) {
      const reserve = load<usize>(gate.reserve + entry) + at;
      storeUpTo8(reserve, r0, r1, count);
      storeUpTo8(reserve + width, z0, z1, count);
      storeUpTo8(reserve + 2 * width, n0, n1, count);
      storeUpTo8(reserve + 3 * width, m0, m1, count);
    }
    const h0 = madd(z0, f32x4.sub(v128.load(before), n0), n0);
    const h1 = madd(z1, f32x4.sub(v128.load(before, 16), n1), n1);
    storeUpTo8(after, h0, h1, count);
  }
}

/** The simple cells (Elman 1990): h' = tanh(x + h·R), or with relu, which lets NaN pass. */
function simpleGates(gate: GateArrays, rows: i32, j: i32, relu: i32): void {
  const count = gate.H - j;
  let p = gate.products;
  for (let r = 0; r < rows; r++, p += gate.rowStride) {
    const after = load<usize>(gate.after + (<usize>r << 2)) + (<usize>j << 2);
    const x0 = v128.load(p), x1 = v128.load(p, 16);
    if (relu) {
      const zero = f32x4.splat(0);
      storeUpTo8(after, f32x4.pmax(x0, zero), f32x4.pmax(x1, zero), count);
    } else {
      storeUpTo8(after, tanh4(x0), tanh4(x1), count);
    }
  }
}
