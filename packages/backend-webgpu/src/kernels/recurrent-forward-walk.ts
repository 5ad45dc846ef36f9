// A whole sequence in one dispatch: each workgroup walks its rows from step to step, with states in workgroup memory and weights in registers or caches.

import type { RecurrentKind } from '@rnn/core'
import type { Gpu } from '../kernel.ts'
import type { WalkPlan } from '../recurrent-plan.ts'
import { forwardCell, gatesOf } from '../wgsl/cells.ts'
import { itemsOf, walkGrid, walkProduct, WALK_MAIN } from '../wgsl/walk-product.ts'
import type { Wiring } from './recurrent-wiring.ts'

/** Records the walk of `rows` rows. */
export function walkForward(gpu: Gpu, cell: RecurrentKind, plan: WalkPlan, wiring: Wiring, rows: number): void {
  const { weights, padded, slices, rows: together } = plan
  const key = `recurrentForward ${cell} walk ${weights} ${padded}/${slices}×${together} ${wiring.key}`
  const program = gpu.program<string>(key, () => ({
    key,
    reads: wiring.reads,
    writes: wiring.writes,
    parameters: wiring.parameters,
    body: wiring.wgsl + forwardCell(cell) + walkWgsl(cell, plan),
  }))
  gpu.dispatch(program, wiring.bindings, wiring.values, walkGrid(rows, plan, gpu.offer.workgroupsPerDimension))
}

function walkWgsl(cell: RecurrentKind, plan: WalkPlan): string {
  const items = itemsOf(plan)
  const product = walkProduct({ plan, input: 'fed', term: (w, x) => `${w} * ${x}`, result: 'Gates' })
  return `
fn weightOf(term: u32, unit: u32) -> Gates {
  let at = term * p.units * ${gatesOf(cell, () => '0').split(',').length}u + unit;
  return ${gatesOf(cell, (g) => `recurrentAt(at + ${g}u * p.units)`)};
}
${product.module}
// The hidden state, times its mask: what enters the product.
var<workgroup> fed: array<f32, ${plan.rows * plan.padded}>;
${WALK_MAIN}
${product.before}
  var hidden: array<f32, ${items}>;
  var cell: array<f32, ${items}>;
  var mask: array<f32, ${items}>;
  // The projection is read one step ahead, so that it is there when the product is.
  var ahead: array<Gates, ${items}>;
  for (var item = 0u; item < ${items}u; item++) {
    let element = local + item * INVOCATIONS;
    if (element >= ROWS * PADDED) { break; }
    let row = firstRow + element / PADDED;
    let unit = element % PADDED;
    fed[element] = 0.0;
    if (row >= p.rows || unit >= p.units) { continue; }
    hidden[item] = initialHiddenAt(row * p.units + unit);
    cell[item] = initialCellAt(row * p.units + unit);
    mask[item] = hiddenMaskAt(row * p.units + unit);
    fed[element] = hidden[item] * mask[item];
    let length = rowLength(row);
    if (length > 0u) { ahead[item] = projectedGates(row, timeOf(length, 0u), unit); }
  }
  workgroupBarrier();
  for (var step = 0u; step < walked; step++) {
${product.step}
    workgroupBarrier();
    for (var item = 0u; item < ${items}u; item++) {
      let element = local + item * INVOCATIONS;
      if (element >= ROWS * PADDED) { break; }
      let row = firstRow + element / PADDED;
      let unit = element % PADDED;
      let length = rowLength(row);
      if (step >= length || unit >= p.units) { continue; }
      let time = timeOf(length, step);
      let next = advance(ahead[item], productOf(element / PADDED, unit) + biasGates(unit), hidden[item], cell[item]);
      if (step + 1u < length) { ahead[item] = projectedGates(row, timeOf(length, step + 1u), unit); }
      hidden[item] = next.hidden;
      cell[item] = next.cell;
      fed[element] = next.hidden * mask[item];
      sequencePut(row, time, unit, next.hidden);
      keep(row, time, unit, next);
    }
    workgroupBarrier();
  }
  for (var item = 0u; item < ${items}u; item++) {
    let element = local + item * INVOCATIONS;
    if (element >= ROWS * PADDED) { break; }
    let row = firstRow + element / PADDED;
    let unit = element % PADDED;
    if (row >= p.rows || unit >= p.units) { continue; }
    finalHiddenPut(row * p.units + unit, hidden[item]);
    finalCellPut(row * p.units + unit, cell[item]);
    for (var time = rowLength(row); time < p.steps; time++) { sequencePut(row, time, unit, 0.0); }
  }
}
`
}
