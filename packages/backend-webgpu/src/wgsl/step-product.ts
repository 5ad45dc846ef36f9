// The recurrent product of one step as a dispatch of its own: tiles of rows and units, through workgroup memory, with the terms shared out among groups of invocations.

import type { StepPlan } from '../recurrent-plan.ts'

/** Units of a tile. */
export const STEP_UNITS = 16

/** Terms that are in workgroup memory at once. */
const CHUNK = 32

/** What every device has. */
const INVOCATIONS = 256

/** What the product is made of. */
export interface StepProduct {
  readonly plan: StepPlan
  /** WGSL type of what is multiplied with a weight, which is `Gates`. */
  readonly input: 'f32' | 'Gates'
  /** A term, from the weight `w` and an element `x` of the input. */
  term(w: string, x: string): string
  /** WGSL type of a result. */
  readonly result: 'f32' | 'Gates'
  /** Where a row of the weights in memory runs: over units, or over terms. Neighbours read along it. */
  readonly pad: boolean
  /** Whether `row` takes part in the product. */
  readonly running: string
}

/** The WGSL of a step: declarations of the module, the head of `main`, and the product. */
export interface StepProductWgsl {
  readonly module: string
  readonly head: string
  readonly product: string
}

/**
 * Expects `weightOf(term, unit) -> Gates` and `inputOf(row, length, term)`. The head gives each invocation one element of the tile (`row`, `unit`, `length`; `owns`
 * where there is one); the product leaves its `sum`. Each invocation multiplies two rows with two units, over its group's share of the terms.
 */
export function stepProduct({ plan, input, term, result, pad, running }: StepProduct): StepProductWgsl {
  const { rows } = plan
  const pairs = rows / 2
  const groupSize = pairs * (STEP_UNITS / 2)
  const groups = INVOCATIONS / groupSize
  const share = CHUNK / groups
  const outputs = rows * STEP_UNITS
  const loads = Math.max(1, (rows * CHUNK) / INVOCATIONS)
  // Where memory runs over terms, a tile is stored across: the exclusive or spreads it over the banks.
  const weightAt = pad
    ? (k: string, u: string) => `${k} * ${STEP_UNITS}u + ${u}`
    : (k: string, u: string) => `${u} * ${CHUNK}u + (${k} ^ ${u})`
  const inputAt = pad
    ? (k: string, r: string) => `${r} * ${CHUNK + 1}u + ${k}`
    : (k: string, r: string) => `${r} * ${CHUNK}u + (${k} ^ ${r})`
  const weightIndex = pad
    ? `let k = index / ${STEP_UNITS}u; let u = index % ${STEP_UNITS}u;`
    : `let u = index / ${CHUNK}u; let k = index % ${CHUNK}u;`
  const each = (count: number, make: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => make(n)).join('\n')
  const store = result === 'Gates' ? (value: string) => value : (value: string) => `Gates(${value})`
  const load = result === 'Gates' ? (value: string) => value : (value: string) => `firstOf(${value})`

  return {
    module: `
// Weights of the tile, later sums of the groups.
var<workgroup> weights: array<Gates, ${CHUNK * STEP_UNITS}>;
var<workgroup> inputs: array<${input}, ${rows * (pad ? CHUNK + 1 : CHUNK)}>;
`,
    head: `
@compute @workgroup_size(${INVOCATIONS})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = workgroup.y * workgroups.x + workgroup.x;
  let firstUnit = tile % p.unitTiles * ${STEP_UNITS}u;
  let firstRow = tile / p.unitTiles * ${rows}u;
  if (firstRow >= p.rows) { return; }
  let row = firstRow + local / ${STEP_UNITS}u;
  let unit = firstUnit + local % ${STEP_UNITS}u;
  let owns = local < ${outputs}u && row < p.rows && unit < p.units;
  let length = rowLength(row);
`,
    product: `
  var sum = ${result}();
  var any = false;
  for (var row = firstRow; row < firstRow + ${rows}u; row++) { any = any || (${running}); }
  if (any) {
    let group = local / ${groupSize}u;
    let r0 = local % ${groupSize}u / ${STEP_UNITS / 2}u;
    let u0 = local % ${STEP_UNITS / 2}u;
    let r1 = r0 + ${pairs}u;
    let u1 = u0 + ${STEP_UNITS / 2}u;
    var a00 = ${result}(); var a01 = ${result}(); var a10 = ${result}(); var a11 = ${result}();
${each(loads, (n) => `    let length${n} = rowLength(firstRow + (local + ${n * INVOCATIONS}u) / ${CHUNK}u);`)}
    // What comes next is read while this chunk is multiplied.
${each(2, (n) => `    var w${n} = Gates();`)}
${each(loads, (n) => `    var x${n} = ${input}();`)}
    for (var chunk = 0u; chunk < p.units + ${CHUNK}u; chunk += ${CHUNK}u) {
      if (chunk > 0u) {
        workgroupBarrier();
${each(2, (n) => `        { let index = local + ${n * INVOCATIONS}u; ${weightIndex} weights[${weightAt('k', 'u')}] = w${n}; }`)}
${each(loads, (n) => `        { let index = local + ${n * INVOCATIONS}u; let k = index % ${CHUNK}u; let r = index / ${CHUNK}u; if (r < ${rows}u) { inputs[${inputAt('k', 'r')}] = x${n}; } }`)}
        workgroupBarrier();
      }
      if (chunk < p.units) {
${each(2, (n) => `        { let index = local + ${n * INVOCATIONS}u; ${weightIndex} w${n} = Gates(); if (chunk + k < p.units && firstUnit + u < p.units) { w${n} = weightOf(chunk + k, firstUnit + u); } }`)}
${each(loads, (n) => `        { let index = local + ${n * INVOCATIONS}u; let k = chunk + index % ${CHUNK}u; let r = index / ${CHUNK}u; x${n} = ${input}(); if (k < p.units && r < ${rows}u) { x${n} = inputOf(firstRow + r, length${n}, k); } }`)}
      }
      if (chunk > 0u) {
        for (var i = 0u; i < ${share}u; i++) {
          let k = group * ${share}u + i;
          let w0 = weights[${weightAt('k', 'u0')}];
          let w1 = weights[${weightAt('k', 'u1')}];
          let x0 = inputs[${inputAt('k', 'r0')}];
          let x1 = inputs[${inputAt('k', 'r1')}];
          a00 += ${term('w0', 'x0')};
          a01 += ${term('w1', 'x0')};
          a10 += ${term('w0', 'x1')};
          a11 += ${term('w1', 'x1')};
        }
      }
    }
    // The groups' sums meet where the weights were: those of half of the units, then of the other half.
    for (var second = 0u; second < 2u; second++) {
      let slot = group * ${outputs / 2}u + u0;
      workgroupBarrier();
      weights[slot + r0 * ${STEP_UNITS / 2}u] = ${store('select(a00, a01, second == 1u)')};
      weights[slot + r1 * ${STEP_UNITS / 2}u] = ${store('select(a10, a11, second == 1u)')};
      workgroupBarrier();
      if (owns && local / ${STEP_UNITS / 2}u % 2u == second) {
        let own = local / ${STEP_UNITS}u * ${STEP_UNITS / 2}u + local % ${STEP_UNITS / 2}u;
        for (var group = 0u; group < ${groups}u; group++) { sum += ${load(`weights[group * ${outputs / 2}u + own]`)}; }
      }
    }
  }
`,
  }
}

/** Workgroups of a step, in two dimensions. */
export function stepGrid(
  rows: number,
  unitTiles: number,
  plan: StepPlan,
  mostPerDimension: number,
): readonly [x: number, y: number] {
  const tiles = Math.ceil(rows / plan.rows) * unitTiles
  const y = Math.max(1, Math.ceil(tiles / mostPerDimension))
  return [Math.ceil(tiles / y), y]
}
