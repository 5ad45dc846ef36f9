// How a recurrent op walks its rows: each part takes every `parts`-th row in order of length, longest first, so that the rows still running at any
// step are its first slots and no part waits for another inside the time loop.

/** Working memory of a sequence. All tables are indexed by slot. */
@unmanaged
export class Plan {
  /** Slots of this part. */
  slots: i32;
  steps: i32;
  /** Row in each slot. */
  order: usize;
  /** Length of the row in each slot. */
  lengths: usize;
  /** How many slots are still running at step s; `steps + 1` entries. */
  active: usize;
}

// @ts-ignore: decorator
@inline
export function roundUp(value: i32, multiple: i32): i32 {
  return ((value + multiple - 1) / multiple) * multiple;
}

/** Bytes of a plan for `rows` rows and `steps` steps, tables for counting included. */
export function planBytes(rows: i32, steps: i32): i32 {
  return roundUp(32 + 8 * rows + 12 * (steps + 2), 64);
}

/** Makes the plan of part `part` at `at`. `lengths` is the address of int32s by row, or 0 for `steps` everywhere. */
export function planSequence(at: usize, rows: i32, steps: i32, lengths: usize, part: i32, parts: i32): Plan {
  const plan = changetype<Plan>(at);
  plan.steps = steps;
  plan.order = at + 32;
  plan.lengths = plan.order + (<usize>rows << 2);
  plan.active = plan.lengths + (<usize>rows << 2);
  // Rows that are longer than L, for each L: where rows of length L begin in the order.
  const longer = plan.active + (<usize>(steps + 2) << 2);
  const next = longer + (<usize>(steps + 2) << 2);
  for (let s = 0; s <= steps + 1; s++) {
    store<i32>(longer + (<usize>s << 2), 0);
    store<i32>(plan.active + (<usize>s << 2), 0);
  }
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(lengths, row, steps);
    if (length > 0) {
      const o = longer + (<usize>(length - 1) << 2);
      store<i32>(o, load<i32>(o) + 1);
    }
  }
  for (let s = steps - 1; s >= 0; s--) {
    const o = longer + (<usize>s << 2);
    store<i32>(o, load<i32>(o) + load<i32>(o, 4));
  }
  memory.copy(next, longer, <usize>(steps + 1) << 2);
  let slots = 0;
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(lengths, row, steps);
    const o = next + (<usize>length << 2);
    const place = load<i32>(o);
    store<i32>(o, place + 1);
    if (place % parts != part) continue;
    const slot = <usize>(place / parts) << 2;
    store<i32>(plan.order + slot, row);
    store<i32>(plan.lengths + slot, length);
    slots++;
    if (length > 0) {
      const own = plan.active + (<usize>(length - 1) << 2);
      store<i32>(own, load<i32>(own) + 1);
    }
  }
  for (let s = steps - 1; s >= 0; s--) {
    const own = plan.active + (<usize>s << 2);
    store<i32>(own, load<i32>(own) + load<i32>(own, 4));
  }
  plan.slots = slots;
  return plan;
}

// @ts-ignore: decorator
@inline
function lengthOf(lengths: usize, row: i32, steps: i32): i32 {
  return lengths ? max(0, min(steps, load<i32>(lengths + (<usize>row << 2)))) : steps;
}

/** The vector of a row and time step of a sequence: strides in elements. */
// @ts-ignore: decorator
@inline
export function vectorAt(base: usize, row: i32, rowStride: usize, t: i32, timeStride: usize): usize {
  return base + ((<usize>row * rowStride + <usize>t * timeStride) << 2);
}

/** Time of a slot's step. */
// @ts-ignore: decorator
@inline
export function timeOf(plan: Plan, slot: i32, s: i32, reverse: i32): i32 {
  return reverse ? load<i32>(plan.lengths + (<usize>slot << 2)) - 1 - s : s;
}

// @ts-ignore: decorator
@inline
export function rowOf(plan: Plan, slot: i32): i32 {
  return load<i32>(plan.order + (<usize>slot << 2));
}

/** Sets all vectors past the rows' ends to zero. */
export function clearPastEnds(plan: Plan, base: usize, rowStride: usize, timeStride: usize, size: i32): void {
  for (let slot = 0; slot < plan.slots; slot++) {
    const row = rowOf(plan, slot);
    for (let t = load<i32>(plan.lengths + (<usize>slot << 2)); t < plan.steps; t++) {
      memory.fill(vectorAt(base, row, rowStride, t, timeStride), 0, <usize>size << 2);
    }
  }
}
