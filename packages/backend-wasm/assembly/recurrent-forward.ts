// A whole sequence of a recurrent cell. A step goes by blocks of eight units: for each group of rows the products of all gates, begun from the
// projection, then the gates while the products lie in the first-level cache. The weights of a block stay there for all rows of a step.

import { GateArrays, gruGates, lstmGates, simpleGates } from "./gates-forward";
import { clearPastEnds, planBytes, planSequence, roundUp, rowOf, timeOf, vectorAt } from "./sequence";
import { int, scratchOf, word } from "./simd";
import { groupRows, tileOf } from "./tile";

const LSTM: i32 = 2;
const GRU: i32 = 3;

/** Working memory of one part, in bytes; the host asks before it allocates. */
export function recurrentForwardScratch(B: i32, T: i32, H: i32, G: i32, masked: i32): i32 {
  const padded = roundUp(H, 8);
  const slots = B + 8;
  return planBytes(B, T) + roundUp(7 * 4 * slots, 64) + 6 * G * 32 + 4 * slots * padded * (masked ? 2 : 1) + 4 * G * padded + 256;
}

/**
 * Command: [2] cell (0 tanh, 1 relu, 2 lstm, 3 gru) [3] B [4] T [5] H [6] reverse
 * [7] projected [8] row stride [9] time stride; [10] sequence, likewise to [12]; [13] reserve or 0, likewise to [15]
 * [16] packed weights [17] recurrent bias [18] initial hidden [19] initial cell [20] lengths [21] hidden mask, each or 0
 * [22] final hidden [23] final cell or 0
 */
export function recurrentForward(args: usize, part: i32, parts: i32): void {
  const cell = int(args, 2);
  const B = int(args, 3);
  const T = int(args, 4);
  const H = int(args, 5);
  const reverse = int(args, 6);
  const G = cell == LSTM ? 4 : cell == GRU ? 3 : 1;
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
  at += 6 * G * 32;
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
  if (cell == LSTM) {
    for (let slot = 0; slot < slots; slot++) {
      const c0 = word(args, 19) ? word(args, 19) + <usize>rowOf(plan, slot) * state : zeros;
      memory.copy(cells + <usize>slot * gate.cellStride, c0, state);
    }
  }
  for (let slot = 0; slot < slots; slot++) {
    const entry = <usize>slot << 2;
    store<u32>(after + entry, h0 ? h0 + <usize>rowOf(plan, slot) * state : zeros);
    store<u32>(biases + entry, bias + 2 * state);
  }

  const panelBytes = <usize>H << 5;
  for (let s = 0; s < T; s++) {
    const running = load<i32>(plan.active + (<usize>s << 2));
    if (running == 0) break;
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
    let panels = word(args, 16);
    for (let j = 0; j < H; j += 8, panels += <usize>G * panelBytes) {
      for (let slot = 0; slot < running;) {
        const entry = <usize>slot << 2;
        const group = groupRows(running - slot);
        for (let g = 0; g < G; g++) {
          const candidate = cell == GRU && g == 2;
          tileOf(
            group, a + entry, 0,
            (candidate ? biases : inputs) + entry, <usize>(candidate ? j : g * H + j) << 2,
            panels + <usize>g * panelBytes, K, products + <usize>g * 32, <usize>G * 32,
          );
        }
        gate.before = before + entry;
        gate.after = after + entry;
        gate.reserve = hasReserve ? reserves + entry : 0;
        if (cell == LSTM) {
          gate.cell = cells + <usize>slot * gate.cellStride;
          lstmGates(gate, group, j);
        } else if (cell == GRU) {
          gate.bias = bias;
          gate.inputs = inputs + entry;
          gruGates(gate, group, j);
        } else {
          simpleGates(gate, group, j, cell);
        }
        slot += group;
      }
    }
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

function multiplyRow(a: usize, b: usize, to: usize, count: i32): void {
  const end = to + (<usize>count << 2);
  for (; to < end; a += 4, b += 4, to += 4) store<f32>(to, load<f32>(a) * load<f32>(b));
}
