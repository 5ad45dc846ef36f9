// Gradients of a sequence in one dispatch for each step, from the last to the first: the product with the gradients of the step after, and the gates right after it.

import type { RecurrentKind } from '@rnn/core'
import { sizeOf } from '../kernel.ts'
import type { Bound, CallOf, Gpu } from '../kernel.ts'
import type { ParameterType } from '../program.ts'
import { GATES } from '../recurrent-plan.ts'
import type { StepPlan } from '../recurrent-plan.ts'
import { backwardCell, finishCell, gatesOf } from '../wgsl/cells.ts'
import { STEP_UNITS, stepGrid, stepProduct } from '../wgsl/step-product.ts'
import { wire } from './recurrent-wiring.ts'
import type { Frame, SequenceOperand, SmallOperand } from './recurrent-wiring.ts'

const STEP_PARAMETERS: Readonly<Record<string, ParameterType>> = { step: 'u32', unitTiles: 'u32' }

/** Records the steps; where the gradient of the initial hidden state is wanted, one more product follows. */
export function stepBackward(
  gpu: Gpu,
  cell: RecurrentKind,
  plan: StepPlan,
  frame: Frame,
  inputs: readonly (SequenceOperand | SmallOperand)[],
  [gradProjected, gradProduct, gradInitialHidden, gradInitialCell]: CallOf<'recurrentBackward'>['outputs'],
): void {
  const { rows, steps, units } = frame
  // What flows from step to step beside the product is kept where its last value is wanted.
  const carried: Bound | null =
    cell === 'lstm'
      ? (gradInitialCell ?? gpu.scratch(sizeOf([rows, units]) * 4))
      : cell === 'gru'
        ? (gradInitialHidden ?? gpu.scratch(sizeOf([rows, units]) * 4))
        : null
  const wiring = wire(gpu, frame, inputs, [
    { kind: 'sequence', name: 'gradProjected', operand: gradProjected },
    { kind: 'sequence', name: 'gradRecurrentProduct', operand: gradProduct },
    { kind: 'state', name: 'carried', bound: carried },
  ])
  const unitTiles = Math.ceil(units / STEP_UNITS)
  const grid = stepGrid(rows, unitTiles, plan, gpu.offer.workgroupsPerDimension)
  const key = `recurrentBackward ${cell} step ${plan.rows} ${wiring.key}`
  const program = gpu.program<string>(key, () => ({
    key,
    reads: wiring.reads,
    writes: wiring.writes,
    parameters: { ...wiring.parameters, ...STEP_PARAMETERS },
    body: wiring.wgsl + backwardCell(cell) + stepWgsl(cell, plan),
  }))
  for (let step = Math.max(steps, 1) - 1; step >= 0; step--) {
    gpu.dispatch(program, wiring.bindings, { ...wiring.values, step, unitTiles }, grid)
  }
  if (gradInitialHidden === null) return

  const names = ['recurrent', 'gradFinalHidden', 'lengths', 'hiddenMask']
  const last = wire(
    gpu,
    frame,
    [
      { kind: 'sequence', name: 'flow', operand: gradProduct ?? gradProjected },
      ...inputs.filter(({ name }) => names.includes(name)),
    ],
    [{ kind: 'state', name: 'gradInitialHidden', bound: gradInitialHidden }],
  )
  const lastKey = `recurrentBackward ${cell} last ${plan.rows} ${last.key}`
  const finish = gpu.program<string>(lastKey, () => ({
    key: lastKey,
    reads: last.reads,
    writes: last.writes,
    parameters: { ...last.parameters, ...STEP_PARAMETERS },
    body: last.wgsl + finishCell(cell) + finishWgsl(cell, plan),
  }))
  gpu.dispatch(finish, last.bindings, { ...last.values, step: 0, unitTiles }, grid)
}

/** The product of the gradients at step `next` with the weights. */
function productWgsl(cell: RecurrentKind, plan: StepPlan, next: string): ReturnType<typeof stepProduct> {
  const gates = GATES[cell]
  const product = stepProduct({
    plan,
    input: 'Gates',
    term: (w, x) => `inner(${w}, ${x})`,
    result: 'f32',
    pad: false,
    running: `${next} < rowLength(row)`,
  })
  const module = `
fn weightOf(term: u32, unit: u32) -> Gates {
  return ${gatesOf(cell, (g) => `recurrentAt((unit * ${gates}u + ${g}u) * p.units + term)`)};
}
fn inputOf(row: u32, length: u32, unit: u32) -> Gates {
  if (${next} >= length) { return Gates(); }
  return flowGates(row, timeOf(length, ${next}), unit);
}
${product.module}`
  return { ...product, module }
}

function stepWgsl(cell: RecurrentKind, plan: StepPlan): string {
  const product = productWgsl(cell, plan, 'p.step + 1u')
  const carries = cell === 'lstm' || cell === 'gru'
  return `
${product.module}
${product.head}
  let at = row * p.units + unit;
  var saved = Saved();
  var carried = 0.0;
  if (owns && p.step < length) {
    saved = savedAt(row, length, p.step, unit);
    ${carries ? 'carried = carriedAt(at);' : ''}
  }
${product.product}
  if (!owns) { return; }
  if (p.step < length) {
    var gradHidden = saved.upstream;
    if (p.step + 1u == length) {
      gradHidden += gradFinalHiddenAt(at);
      carried = gradFinalCellAt(at);
    } else {
      gradHidden += sum * hiddenMaskAt(at)${cell === 'gru' ? ' + carried' : ''};
    }
    let back = retreat(saved, gradHidden, carried);
    gradientsPut(row, timeOf(length, p.step), unit, back);
    carriedPut(at, back.carried);
    return;
  }
  if (p.step < p.steps) { gradientsPut(row, p.step, unit, Back()); }
  ${cell === 'lstm' ? 'if (length == 0u) { carriedPut(at, gradFinalCellAt(at)); }' : ''}
}
`
}

function finishWgsl(cell: RecurrentKind, plan: StepPlan): string {
  const product = productWgsl(cell, plan, '0u')
  return `
${product.module}
${product.head}
${product.product}
  if (!owns) { return; }
  let at = row * p.units + unit;
  if (length == 0u) { gradInitialHiddenPut(at, gradFinalHiddenAt(at)); return; }
  gradInitialHiddenPut(at, sum * hiddenMaskAt(at)${cell === 'gru' ? ' + gradInitialHiddenAt(at)' : ''});
}
`
}
