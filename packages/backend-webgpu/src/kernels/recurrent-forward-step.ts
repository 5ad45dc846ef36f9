// A sequence in one dispatch for each step: the recurrent product of a tile of units and rows, with the gates right after it.

import type { RecurrentKind } from '@rnn/core'
import type { Gpu } from '../kernel.ts'
import { GATES } from '../recurrent-plan.ts'
import type { StepPlan } from '../recurrent-plan.ts'
import { forwardCell, gatesOf } from '../wgsl/cells.ts'
import { STEP_UNITS, stepGrid, stepProduct } from '../wgsl/step-product.ts'
import type { Wiring } from './recurrent-wiring.ts'

/** Sizes of the sequence, and whether it has no initial state. */
export interface StepSizes {
  readonly rows: number
  readonly steps: number
  readonly units: number
  readonly startsAtZero: boolean
}

/** Records the steps, one after another: each reads the hidden state of the one before from the sequence. */
export function stepForward(
  gpu: Gpu,
  cell: RecurrentKind,
  plan: StepPlan,
  wiring: Wiring,
  { rows, steps, units, startsAtZero }: StepSizes,
): void {
  const key = `recurrentForward ${cell} step ${plan.rows} ${wiring.key}`
  const program = gpu.program<string>(key, () => ({
    key,
    reads: wiring.reads,
    writes: wiring.writes,
    parameters: { ...wiring.parameters, step: 'u32', unitTiles: 'u32', multiply: 'u32' },
    body: wiring.wgsl + forwardCell(cell) + stepWgsl(cell, plan),
  }))
  const unitTiles = Math.ceil(units / STEP_UNITS)
  const grid = stepGrid(rows, unitTiles, plan, gpu.offer.workgroupsPerDimension)
  // Without any step the final state is still to be written.
  for (let step = 0; step < Math.max(steps, 1); step++) {
    const multiply = Number(step > 0 || !startsAtZero)
    gpu.dispatch(program, wiring.bindings, { ...wiring.values, step, unitTiles, multiply }, grid)
  }
}

function stepWgsl(cell: RecurrentKind, plan: StepPlan): string {
  const gates = GATES[cell]
  const product = stepProduct({
    plan,
    input: 'f32',
    term: (w, x) => `${w} * ${x}`,
    result: 'Gates',
    pad: true,
    running: 'p.multiply != 0u && p.step < rowLength(row)',
  })
  return `
fn weightOf(term: u32, unit: u32) -> Gates {
  let at = term * p.units * ${gates}u + unit;
  return ${gatesOf(cell, (g) => `recurrentAt(at + ${g}u * p.units)`)};
}
// The hidden state before the step.
fn hiddenAt(row: u32, length: u32, unit: u32) -> f32 {
  if (p.step == 0u) { return initialHiddenAt(row * p.units + unit); }
  return sequenceAt(row, timeOf(length, p.step - 1u), unit);
}
fn inputOf(row: u32, length: u32, unit: u32) -> f32 {
  if (p.step >= length) { return 0.0; }
  return hiddenAt(row, length, unit) * hiddenMaskAt(row * p.units + unit);
}
${product.module}
${product.head}
  // All that does not depend on the product is read before it.
  let at = row * p.units + unit;
  var x = Gates();
  var hidden = 0.0;
  var cell = 0.0;
  if (owns && p.step < length) {
    x = projectedGates(row, timeOf(length, p.step), unit) ;
    hidden = hiddenAt(row, length, unit);
    if (p.step == 0u) { cell = initialCellAt(at); } else { cell = ${cell === 'lstm' ? 'finalCellAt(at)' : '0.0'}; }
  }
${product.product}
  if (!owns) { return; }
  if (p.step < length) {
    let time = timeOf(length, p.step);
    let next = advance(x, sum + biasGates(unit), hidden, cell);
    sequencePut(row, time, unit, next.hidden);
    keep(row, time, unit, next);
    // The final cell is the running one: each element is read and written by one invocation only.
    finalCellPut(at, next.cell);
    if (p.step + 1u == length) { finalHiddenPut(at, next.hidden); }
    return;
  }
  if (p.step < p.steps) { sequencePut(row, p.step, unit, 0.0); }
  if (p.step == 0u) {
    finalHiddenPut(at, initialHiddenAt(at));
    finalCellPut(at, initialCellAt(at));
  }
}
`
}
