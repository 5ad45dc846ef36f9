// A whole sequence of a recurrent cell. A step goes by blocks of eight units: for each group of rows the products of all gates, begun from the
// projection, then the gates while the products lie in the first-level cache. The weights of a block stay there for all rows of a step.

import { GateArrays, gates } from "./gates-forward";
import { COUPLED } from "./gates-variant";
import { addProduct, addWidePanels } from "./gemv";
import { resetBeforeStep } from "./reset-before";
import { clearPastEnds, planBytes, planSequence, roundUp, rowOf, timeOf, vectorAt } from "./sequence";
import { int, scratchOf, showProgress, word } from "./simd";
import { groupRows, tileOf } from "./tile";

const LSTM: i32 = 2;
const GRU: i32 = 3;
const RESET_BEFORE: i32 = 4;

/** Working memory of one part, in bytes; the host asks before it allocates. */
export function recurrentForwardScratch(B: i32, T: i32, H: i32, G: i32, masked: i32): i32 {
  const padded = roundUp(H, 8);
  const slots = B + 8;
  return planBytes(B, T) + roundUp(7 * 4 * slots, 64) + productBytes(H, G) + 4 * slots * padded * (masked ? 2 : 1) + 4 * G * padded + 256;
}

/** A group's products of a block, or one row's of all units. */
function productBytes(H: i32, G: i32): i32 {
  return roundUp(max(6 * G * 32, 4 * G * H + 256), 64);
}

/**
 * Command: [2] cell (0 tanh, 1 relu, 2 lstm, 3 gru, 4 gru with reset before) [3] B [4] T [5] H [6] reverse
 * [7] projected [8] row stride [9] time stride; [10] sequence, likewise to [12]; [13] reserve or 0, likewise to [15]
 * [16] packed weights, or 0 for few rows, whose products read the weights where they lie [17] recurrent bias [18] initial hidden [19] initial cell [20] lengths [21] hidden mask, each or 0
 * [22] final hidden [23] final cell or 0 [24] weights [25] weights in wide panels or 0 [26] variant, by the bits of gates-variant.ts [27] peepholes or 0
 */
export function recurrentForward(args: usize, part: i32, parts: i32): void {
  const cell = int(args, 2);
  const B = int(args, 3);
  const T = int(args, 4);
  const H = int(args, 5);
  const reverse = int(args, 6);
  const variant = int(args, 26);
  const G = cell == LSTM ? (variant & COUPLED ? 3 : 4) : cell >= GRU ? 3 : 1;
  const hasReserve = word(args, 13) != 0;
  const h0 = word(args, 18);
  const mask = word(args, 21);
  const padded = roundUp(H, 8);
  const state = <usize>H << 2;

  // Working memory, in the order of recurrentForwardScratch.
  let at = scratchOf(args, part);
  const gate = changetype<GateArrays>(at);
  at += 64;
  const plan = planSequence(at, B, T, word(args, 20), part, parts);
  at += planBytes(B, T);
  const slots = plan.slots;
  const table = <usize>(B + 8) << 2;
  const inputs = at; // tables: projections, and the left rows of the product
  const left = inputs + table;
  let before = left + table;
  let after = before + table;
  const reserves = after + table;
  const biases = reserves + table;
  at = (biases + 2 * table + 63) & ~63;
  const products = at;
  at += productBytes(H, G);
  const cells = at;
  at += <usize>((B + 8) * padded) << 2;
  const masked = at;
  if (mask) at += <usize>((B + 8) * padded) << 2;
  const zeros = at;
  memory.fill(zeros, 0, <usize>(G * padded) << 2);

  gate.H = H;
  gate.gates = G;
  gate.products = products;
  gate.cellStride = <usize>padded << 2;
  const bias = word(args, 17) ? word(args, 17) : zeros;
  gate.bias = bias;
  gate.variant = variant;
  gate.peephole = word(args, 27);
  if (cell == LSTM) {
    for (let slot = 0; slot < slots; slot++) {
      const c0 = word(args, 19) ? word(args, 19) + <usize>rowOf(plan, slot) * state : zeros;
      memory.copy(cells + <usize>slot * gate.cellStride, c0, state);
    }
  }
  for (let slot = 0; slot < slots; slot++) {
    const entry = <usize>slot << 2;
    store<u32>(after + entry, h0 ? h0 + <usize>rowOf(plan, slot) * state : zeros);
    // What the candidate's product begins with or, reset before it, reads: r times the state, in the place of cell states.
    store<u32>(biases + entry, cell == RESET_BEFORE ? cells + <usize>slot * gate.cellStride : bias + 2 * state);
  }

  for (let s = 0; s < T; s++) {
    const running = load<i32>(plan.active + (<usize>s << 2));
    if (running == 0) break;
    showProgress(args, part);
    const swap = before;
    before = after;
    after = swap;
    for (let slot = 0; slot < running; slot++) {
      const entry = <usize>slot << 2;
      const row = rowOf(plan, slot);
      const t = timeOf(plan, slot, s, reverse);
      store<u32>(inputs + entry, vectorAt(word(args, 7), row, word(args, 8), t, word(args, 9)));
      store<u32>(after + entry, vectorAt(word(args, 10), row, word(args, 11), t, word(args, 12)));
      if (hasReserve) store<u32>(reserves + entry, vectorAt(word(args, 13), row, word(args, 14), t, word(args, 15)));
      if (mask) {
        const to = masked + <usize>(slot * padded) * 4;
        multiplyRow(load<u32>(before + entry), mask + <usize>row * state, to, H);
        store<u32>(left + entry, to);
      }
    }
    const K = s == 0 && h0 == 0 ? 0 : H;
    const a = mask ? left : before;
    gate.inputs = inputs;
    gate.before = before;
    gate.after = after;
    gate.reserve = hasReserve ? reserves : 0;
    gate.cell = cells;
    if (cell == RESET_BEFORE) resetBeforeStep(gate, a, biases, running, K, word(args, 16), word(args, 24));
    else if (word(args, 16)) blocksOfUnits(cell, gate, a, biases, running, K, word(args, 16));
    else rowByRow(cell, gate, a, running, K, word(args, 24), word(args, 25));
  }

  clearPastEnds(plan, word(args, 10), word(args, 11), word(args, 12), H);
  for (let slot = 0; slot < slots; slot++) {
    const row = rowOf(plan, slot);
    const length = load<i32>(plan.lengths + (<usize>slot << 2));
    const from = length > 0
      ? vectorAt(word(args, 10), row, word(args, 11), reverse ? 0 : length - 1, word(args, 12))
      : h0 ? h0 + <usize>row * state : zeros;
    memory.copy(word(args, 22) + <usize>row * state, from, state);
    if (cell == LSTM) memory.copy(word(args, 23) + <usize>row * state, cells + <usize>slot * gate.cellStride, state);
  }
}

/** A step of many rows: the products of a group and a block of units, then their gates. `gate` begins at slot 0, and is moved. */
function blocksOfUnits(cell: i32, gate: GateArrays, left: usize, biases: usize, running: i32, K: i32, panels: usize): void {
  const H = gate.H;
  const G = gate.gates;
  const inputs = gate.inputs, before = gate.before, after = gate.after, reserve = gate.reserve, cells = gate.cell;
  const panelBytes = <usize>H << 5;
  gate.rowStride = <usize>G << 5;
  gate.gateStride = 32;
  for (let j = 0; j < H; j += 8) {
    for (let slot = 0; slot < running;) {
      const entry = <usize>slot << 2;
      const group = groupRows(running - slot);
      for (let g = 0; g < G; g++, panels += panelBytes) {
        const candidate = cell == GRU && g == 2;
        tileOf(
          group, left + entry, 0, (candidate ? biases : inputs) + entry, <usize>(candidate ? j : g * H + j) << 2,
          panels, K, gate.products + <usize>g * 32, gate.rowStride,
        );
      }
      panels -= <usize>G * panelBytes;
      gate.inputs = inputs + entry;
      gate.before = before + entry;
      gate.after = after + entry;
      gate.reserve = reserve ? reserve + entry : 0;
      gate.cell = cells + <usize>slot * gate.cellStride;
      gates(cell, gate, group, j, j + 8);
      slot += group;
    }
    panels += <usize>G * panelBytes;
  }
}

/** A step of few rows: all products of a row, then its gates. `gate` begins at slot 0, and is moved. */
function rowByRow(cell: i32, gate: GateArrays, left: usize, running: i32, K: i32, weights: usize, widePanels: usize): void {
  const H = gate.H;
  const width = gate.gates * H;
  const state = <usize>H << 2;
  const products = gate.products;
  gate.gateStride = state;
  for (let slot = 0; slot < running; slot++) {
    const input = load<usize>(gate.inputs);
    // The candidate's product of a GRU begins from its bias: the reset gate comes before the projection is added.
    memory.copy(products, input, cell == GRU ? 2 * state : <usize>width << 2);
    if (cell == GRU) memory.copy(products + 2 * state, gate.bias + 2 * state, state);
    const a = load<usize>(left + (<usize>slot << 2));
    // Of no rows (the first step from zeros) wide panels would be none of K.
    if (widePanels && K > 0) addWidePanels(a, widePanels, K, width, products, products + (<usize>width << 2));
    else addProduct(a, weights, <usize>width << 2, K, width, products);
    gates(cell, gate, 1, 0, H);
    gate.inputs += 4;
    gate.before += 4;
    gate.after += 4;
    if (gate.reserve) gate.reserve += 4;
    gate.cell += gate.cellStride;
  }
}

function multiplyRow(a: usize, b: usize, to: usize, count: i32): void {
  const end = to + (<usize>count << 2);
  for (; to < end; a += 4, b += 4, to += 4) store<f32>(to, load<f32>(a) * load<f32>(b));
}
