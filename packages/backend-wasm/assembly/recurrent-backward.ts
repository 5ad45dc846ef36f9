// Gradients of a whole sequence: the gates' gradients of a step, then one small product toward the step before.

import { GradArrays, gruGradients, hardGruGradients, lstmGradients, simpleGradients } from "./gates-backward";
import { COUPLED, HARD, lstmVariantGradients } from "./gates-variant";
import { int, madd, scratchOf, showProgress, word } from "./simd";
import { candidateGradients, resetGradients } from "./reset-before";
import { clearPastEnds, Plan, planBytes, planSequence, roundUp, rowOf, timeOf, vectorAt } from "./sequence";
import { groupRows, tileOf } from "./tile";

const LSTM: i32 = 2;
const GRU: i32 = 3;
const RESET_BEFORE: i32 = 4;

/** The inner dimension of the product goes by blocks of this many, so that a panel stays in the first-level cache. */
const BLOCK: i32 = 512;

/** Working memory of one part, in bytes; the host asks before it allocates. */
export function recurrentBackwardScratch(B: i32, T: i32, H: i32): i32 {
  const padded = roundUp(H, 8);
  const slots = B + 8;
  return planBytes(B, T) + roundUp(3 * 4 * slots, 64) + 2 * 4 * slots * padded + 6 * 32 + 64 + 4 * padded + 256;
}

/**
 * Command: [2] cell (0 tanh, 1 relu, 2 lstm, 3 gru, 4 gru with reset before) [3] B [4] T [5] H [6] reverse
 * [7] gradient of the sequence or 0 [8] row stride [9] time stride; [10] sequence, likewise to [12]; [13] reserve or 0, likewise to [15]
 * [16] packed transposed weights [17] gradient of the final hidden state [18] of the final cell state [19] initial hidden [20] initial cell
 * [21] lengths [22] hidden mask, each or 0
 * [23] gradient of the projection, likewise to [25]; [26] gradient of the product or 0, likewise to [28]
 * [29] gradient of the initial hidden state or 0 [30] of the initial cell state or 0 [31] variant, by the bits of gates-variant.ts [32] peepholes or 0
 */
export function recurrentBackward(args: usize, part: i32, parts: i32): void {
  const cell = int(args, 2);
  const B = int(args, 3);
  const T = int(args, 4);
  const H = int(args, 5);
  const reverse = int(args, 6);
  const variant = int(args, 31);
  const gates = cell == LSTM ? (variant & COUPLED ? 3 : 4) : cell >= GRU ? 3 : 1;
  const width = H * gates;
  const mask = word(args, 22);
  const padded = roundUp(H, 8);
  const state = <usize>H << 2;
  const stride = <usize>padded << 2;

  // Working memory, in the order of recurrentBackwardScratch.
  let at = scratchOf(args, part);
  const grad = changetype<GradArrays>(at);
  at += 64;
  const plan = planSequence(at, B, T, word(args, 21), part, parts);
  at += planBytes(B, T);
  const table = <usize>(B + 8) << 2;
  const left = at;
  const init = left + table;
  const nothing = init + table;
  at = (init + 2 * table + 63) & ~63;
  const hidden = at;
  at += <usize>(B + 8) * stride;
  const cells = at;
  at += <usize>(B + 8) * stride;
  const products = at;
  at += 6 * 32 + 64;
  const zeros = at;
  memory.fill(zeros, 0, stride);
  loadStates(plan, word(args, 17), hidden, stride, state);
  if (cell == LSTM) loadStates(plan, word(args, 18), cells, stride, state);

  grad.H = H;
  grad.variant = variant;
  grad.peephole = word(args, 32);
  const first = cell == LSTM ? word(args, 20) : word(args, 19);
  for (let s = T - 1; s >= 0; s--) {
    const running = load<i32>(plan.active + (<usize>s << 2));
    showProgress(args, part);
    for (let slot = 0; slot < running; slot++) {
      const row = rowOf(plan, slot);
      const t = timeOf(plan, slot, s, reverse);
      const earlier = reverse ? t + 1 : t - 1;
      grad.upstream = word(args, 7) ? vectorAt(word(args, 7), row, word(args, 8), t, word(args, 9)) : zeros;
      grad.after = vectorAt(word(args, 10), row, word(args, 11), t, word(args, 12));
      grad.reserve = vectorAt(word(args, 13), row, word(args, 14), t, word(args, 15));
      grad.hidden = hidden + <usize>slot * stride;
      grad.cell = cells + <usize>slot * stride;
      grad.gradProjected = vectorAt(word(args, 23), row, word(args, 24), t, word(args, 25));
      grad.gradProduct = word(args, 26) ? vectorAt(word(args, 26), row, word(args, 27), t, word(args, 28)) : grad.gradProjected;
      if (s == 0) grad.before = first ? first + <usize>row * state : zeros;
      else if (cell == LSTM) grad.before = vectorAt(word(args, 13), row, word(args, 14), earlier, word(args, 15)) + <usize>gates * state;
      else grad.before = vectorAt(word(args, 10), row, word(args, 11), earlier, word(args, 12));
      if (cell == LSTM) {
        if (variant) lstmVariantGradients(grad);
        else lstmGradients(grad);
      } else if (cell == GRU) {
        if (variant & HARD) hardGruGradients(grad);
        else gruGradients(grad);
      } else if (cell == RESET_BEFORE) {
        candidateGradients(grad);
      } else {
        simpleGradients(grad, cell);
      }
      store<u32>(left + (<usize>slot << 2), grad.gradProduct);
      store<u32>(init + (<usize>slot << 2), cell >= GRU && mask == 0 ? grad.hidden : zeros);
      store<u32>(nothing + (<usize>slot << 2), zeros);
    }
    if (cell == RESET_BEFORE) {
      // Toward r times the state, in the place of cell states.
      towardPast(plan, word(args, 16), running, H, width, 2 * H, H, left, nothing, false, cells, stride, 0, products);
      for (let slot = 0; slot < running; slot++) {
        const row = rowOf(plan, slot);
        const t = timeOf(plan, slot, s, reverse);
        grad.reserve = vectorAt(word(args, 13), row, word(args, 14), t, word(args, 15));
        grad.hidden = hidden + <usize>slot * stride;
        grad.gradProjected = load<usize>(left + (<usize>slot << 2));
        if (s == 0) grad.before = first ? first + <usize>row * state : zeros;
        else grad.before = vectorAt(word(args, 10), row, word(args, 11), reverse ? t + 1 : t - 1, word(args, 12));
        resetGradients(grad, cells + <usize>slot * stride, mask ? mask + <usize>row * state : 0);
      }
    }
    if (running == 0 || (s == 0 && word(args, 29) == 0)) continue;
    const depth = cell == RESET_BEFORE ? 2 * H : width;
    towardPast(plan, word(args, 16), running, H, width, 0, depth, left, init, cell >= GRU, hidden, stride, mask, products);
  }

  clearPastEnds(plan, word(args, 23), word(args, 24), word(args, 25), width);
  if (word(args, 26)) clearPastEnds(plan, word(args, 26), word(args, 27), word(args, 28), width);
  if (word(args, 29)) storeStates(plan, hidden, stride, word(args, 29), state);
  if (word(args, 30)) storeStates(plan, cells, stride, word(args, 30), state);
}

/** hidden = (hidden or 0) + gradients·weightsᵀ, the product times the mask, over `depth` of the `width` gradients, those `from` on. */
function towardPast(
  plan: Plan, panels: usize, running: i32, H: i32, width: i32, from: i32, depth: i32, left: usize, init: usize, keep: bool, hidden: usize, stride: usize,
  mask: usize, products: usize,
): void {
  const moves = keep && mask == 0;
  // A block after the first begins from what the one before has left.
  const again = products + 6 * 32;
  for (let j = 0; j < H; j += 8, panels += <usize>width << 5) {
    const at = <usize>j << 2;
    for (let slot = 0; slot < running;) {
      const group = groupRows(running - slot);
      const entry = <usize>slot << 2;
      const own = hidden + <usize>slot * stride;
      const out = mask ? products : own + at;
      const outStride: usize = mask ? 32 : stride;
      for (let k = 0; k < depth; k += BLOCK) {
        const part = min(BLOCK, depth - k);
        const first = <usize>(from + k);
        if (k == 0) {
          tileOf(group, left + entry, first << 2, init + entry, moves ? at : 0, panels + (first << 5), part, out, outStride);
        } else {
          for (let r = 0; r < group; r++) store<u32>(again + (<usize>r << 2), out + <usize>r * outStride);
          tileOf(group, left + entry, first << 2, again, 0, panels + (first << 5), part, out, outStride);
        }
      }
      if (mask) {
        for (let r = 0; r < group; r++) {
          const m = mask + <usize>rowOf(plan, slot + r) * (<usize>H << 2) + at;
          const h = own + <usize>r * stride + at;
          const p = products + (<usize>r << 5);
          v128.store(h, madd(v128.load(p), v128.load(m), keep ? v128.load(h) : f32x4.splat(0)));
          v128.store(h, madd(v128.load(p, 16), v128.load(m, 16), keep ? v128.load(h, 16) : f32x4.splat(0)), 16);
        }
      }
      slot += group;
    }
  }
}

/** Reads a `[B, H]` array (0: zeros) into slots. */
function loadStates(plan: Plan, from: usize, to: usize, stride: usize, bytes: usize): void {
  for (let slot = 0; slot < plan.slots; slot++) {
    const target = to + <usize>slot * stride;
    if (from) memory.copy(target, from + <usize>rowOf(plan, slot) * bytes, bytes);
    else memory.fill(target, 0, bytes);
  }
}

/** Writes slots back into a `[B, H]` array. */
function storeStates(plan: Plan, from: usize, stride: usize, to: usize, bytes: usize): void {
  for (let slot = 0; slot < plan.slots; slot++) {
    memory.copy(to + <usize>rowOf(plan, slot) * bytes, from + <usize>slot * stride, bytes);
  }
}
