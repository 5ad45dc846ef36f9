// A whole sequence in one dispatch: each workgroup walks its rows from step to step, with states in workgroup memory and weights in registers or caches.

import type { RecurrentKind } from '@rnn/core'
import type { Gpu } from '../kernel.ts'
import { GATES } from '../recurrent-plan.ts'
import type { WalkPlan } from '../recurrent-plan.ts'
import { forwardCell, gatesOf } from '../wgsl/cells.ts'
import { eachItem, itemLengths, itemState, walkGrid, walkProduct, WALK_MAIN } from '../wgsl/walk-product.ts'
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
  const product = walkProduct({ plan, input: 'fed', term: (w, x) => `${w} * ${x}`, result: 'Gates' })
  return `
fn weightOf(term: u32, unit: u32) -> Gates {
  let at = term * p.units * ${GATES[cell]}u + unit;
  return ${gatesOf(cell, (g) => `recurrentAt(at + ${g}u * p.units)`)};
}
${product.module}
// The hidden state, times its mask: what enters the product.
var<workgroup> fed: array<f32, ${plan.rows * plan.padded}>;
${WALK_MAIN}
${product.before}
${itemLengths(plan)}
  // The projection is read one step ahead, so that it is there when the product is.
${itemState(plan, '  var hidden$ = 0.0; var cell$ = 0.0; var mask$ = 0.0; var ahead$ = Gates();')}
${eachItem(
  plan,
  `
    if (owns$) {
      hidden$ = initialHiddenAt(row * p.units + unit);
      cell$ = initialCellAt(row * p.units + unit);
      mask$ = hiddenMaskAt(row * p.units + unit);
      if (length$ > 0u) { ahead$ = projectedGates(row, timeOf(length$, 0u), unit); }
    }
    if (element < ROWS * PADDED) { fed[element] = hidden$ * mask$; }`,
)}
  workgroupBarrier();
  for (var step = 0u; step < walked; step++) {
${product.step}
    workgroupBarrier();
${eachItem(
  plan,
  `
    if (step < length$) {
      let next = advance(ahead$, productOf(element / PADDED, unit) + biasGates(unit), hidden$, cell$);
      if (step + 1u < length$) { ahead$ = projectedGates(row, timeOf(length$, step + 1u), unit); }
      hidden$ = next.hidden;
      cell$ = next.cell;
      fed[element] = next.hidden * mask$;
      let time = timeOf(length$, step);
      sequencePut(row, time, unit, next.hidden);
      keep(row, time, unit, next);
    }`,
)}
    workgroupBarrier();
  }
${eachItem(
  plan,
  `
    if (owns$) {
      finalHiddenPut(row * p.units + unit, hidden$);
      finalCellPut(row * p.units + unit, cell$);
      for (var time = length$; time < p.steps; time++) { sequencePut(row, time, unit, 0.0); }
    }`,
)}
}
`
}
