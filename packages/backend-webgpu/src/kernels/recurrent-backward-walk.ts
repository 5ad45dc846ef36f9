// Gradients of a whole sequence in one dispatch: each workgroup walks its rows from their ends to their starts.

import type { RecurrentKind } from '@rnn/core'
import type { CallOf, Gpu } from '../kernel.ts'
import { GATES } from '../recurrent-plan.ts'
import type { WalkPlan } from '../recurrent-plan.ts'
import { backwardCell, gatesOf } from '../wgsl/cells.ts'
import { eachItem, itemLengths, itemState, walkGrid, walkProduct, WALK_MAIN } from '../wgsl/walk-product.ts'
import { wire } from './recurrent-wiring.ts'
import type { Frame, SequenceOperand, SmallOperand } from './recurrent-wiring.ts'

/** Records the walk. With streamed weights, `recurrent` is expected transposed. */
export function walkBackward(
  gpu: Gpu,
  cell: RecurrentKind,
  plan: WalkPlan,
  frame: Frame,
  inputs: readonly (SequenceOperand | SmallOperand)[],
  [gradProjected, gradProduct, gradInitialHidden, gradInitialCell]: CallOf<'recurrentBackward'>['outputs'],
): void {
  const wiring = wire(gpu, frame, inputs, [
    { kind: 'sequence', name: 'gradProjected', operand: gradProjected },
    { kind: 'sequence', name: 'gradRecurrentProduct', operand: gradProduct },
    { kind: 'state', name: 'gradInitialHidden', bound: gradInitialHidden },
    { kind: 'state', name: 'gradInitialCell', bound: gradInitialCell },
  ])
  const { weights, padded, slices, rows: together } = plan
  const key = `recurrentBackward ${cell} walk ${weights} ${padded}/${slices}×${together} ${wiring.key}`
  const program = gpu.program<string>(key, () => ({
    key,
    reads: wiring.reads,
    writes: wiring.writes,
    parameters: wiring.parameters,
    body: wiring.wgsl + backwardCell(cell) + walkWgsl(cell, plan),
  }))
  gpu.dispatch(program, wiring.bindings, wiring.values, walkGrid(frame.rows, plan, gpu.offer.workgroupsPerDimension))
}

function walkWgsl(cell: RecurrentKind, plan: WalkPlan): string {
  const past = cell === 'gru' ? ' + carried$' : ''
  const product = walkProduct({ plan, input: 'flow', term: (w, x) => `inner(${w}, ${x})`, result: 'f32' })
  const gates = GATES[cell]
  const weight =
    plan.weights === 'stream'
      ? gatesOf(cell, (g) => `recurrentAt((${g}u * p.units + term) * p.units + unit)`)
      : gatesOf(cell, (g) => `recurrentAt((unit * ${gates}u + ${g}u) * p.units + term)`)
  return `
// From unit 'unit' before a step to the gates of unit 'term' at the step.
fn weightOf(term: u32, unit: u32) -> Gates { return ${weight}; }
${product.module}
// Gradients of the recurrent product at a step.
var<workgroup> flow: array<Gates, ${plan.rows * plan.padded}>;
${WALK_MAIN}
${product.before}
${itemLengths(plan)}
  // Carried from step to step: LSTM, the gradient of the cell; GRU, that of the hidden state, past the product. What forward left is read one step ahead.
${itemState(plan, '  var carried$ = 0.0; var mask$ = 0.0; var ahead$ = Saved();')}
${eachItem(
  plan,
  `
    if (element < ROWS * PADDED) { flow[element] = Gates(); }
    if (owns$) { mask$ = hiddenMaskAt(row * p.units + unit); }
    if (length$ > 0u && length$ == walked) { ahead$ = savedAt(row, length$, length$ - 1u, unit); }`,
)}
  for (var left = walked; left > 0u; left--) {
    let step = left - 1u;
${eachItem(
  plan,
  `
    if (step < length$) {
      var gradHidden = ahead$.upstream;
      if (left == length$) {
        gradHidden += gradFinalHiddenAt(row * p.units + unit);
        carried$ = gradFinalCellAt(row * p.units + unit);
      } else {
        gradHidden += productOf(element / PADDED, unit) * mask$${past};
      }
      let back = retreat(ahead$, gradHidden, carried$);
      carried$ = back.carried;
      flow[element] = back.product;
      gradientsPut(row, timeOf(length$, step), unit, back);
    }
    if (step > 0u && step <= length$ && length$ > 0u) { ahead$ = savedAt(row, length$, step - 1u, unit); }`,
)}
    workgroupBarrier();
${product.step}
    workgroupBarrier();
  }
${eachItem(
  plan,
  `
    if (owns$) {
      let at = row * p.units + unit;
      if (length$ == 0u) {
        gradInitialHiddenPut(at, gradFinalHiddenAt(at));
        gradInitialCellPut(at, gradFinalCellAt(at));
      } else {
        gradInitialHiddenPut(at, productOf(element / PADDED, unit) * mask$${past});
        gradInitialCellPut(at, carried$);
      }
      for (var time = length$; time < p.steps; time++) { gradientsPut(row, time, unit, Back()); }
    }`,
)}
}
`
}
