// The recurrent product of one step, inside a workgroup that walks a sequence. Each invocation has one unit of the result and one slice of the terms; its weights are
// vectors of the gates, so that whatever is read from workgroup memory meets as many weights as there are gates.

import type { WalkPlan } from '../recurrent-plan.ts'

/** What the product is made of. */
export interface WalkProduct {
  readonly plan: WalkPlan
  /** Workgroup array of what is multiplied: `padded` elements for each row, in the order of the terms. */
  readonly input: string
  /** A term, from the weight `w` and an element `x` of the input. */
  term(w: string, x: string): string
  /** WGSL type of a result. */
  readonly result: string
}

/** The WGSL of a product: declarations of the module, what precedes the walk, and what is done at each step. */
export interface WalkProductWgsl {
  readonly module: string
  readonly before: string
  readonly step: string
}

/**
 * Expects `weightOf(term, unit) -> Gates`. Leaves the sums of the slices in the workgroup array `sums`, to be added up by `productOf(row, unit)` after a barrier.
 * Sums of sums: no chain of additions is longer than a slice.
 */
export function walkProduct({ plan, input, term, result }: WalkProduct): WalkProductWgsl {
  const { padded, slices, rows, weights } = plan
  const module = `
const PADDED = ${padded}u;
const SLICES = ${slices}u;
const ROWS = ${rows}u;
const INVOCATIONS = ${padded * slices}u;
var<workgroup> sums: array<${result}, ${rows * slices * padded}>;
fn productOf(row: u32, unit: u32) -> ${result} {
  var sum = ${result}();
  for (var slice = 0u; slice < SLICES; slice++) { sum += sums[(row * SLICES + slice) * PADDED + unit]; }
  return sum;
}
`
  const lane = `
  let slice = local / PADDED;
  let lane = local % PADDED;
`
  return weights === 'registers'
    ? { module, ...inRegisters(padded / slices, { input, term, result }, lane) }
    : { module, ...streamed(rows, { input, term, result }, lane) }
}

type Terms = Omit<WalkProduct, 'plan'>

/** The weights have names, since an array that a compiler does not unroll would go to memory. */
function inRegisters(depth: number, { input, term, result }: Terms, lane: string): Omit<WalkProductWgsl, 'module'> {
  const terms = Array.from({ length: depth }, (_, k) => k)
  return {
    before: `${lane}
  let first = slice * ${depth}u;
${terms
  .map(
    (k) =>
      `  var w${k} = Gates();\n  if (first + ${k}u < p.units && lane < p.units) { w${k} = weightOf(first + ${k}u, lane); }`,
  )
  .join('\n')}
`,
    step: `
    for (var row = 0u; row < ROWS; row++) {
      let at = row * PADDED + first;
      var sum = ${result}();
${terms.map((k) => `      sum += ${term(`w${k}`, `${input}[at + ${k}u]`)};`).join('\n')}
      sums[(row * SLICES + slice) * PADDED + lane] = sum;
    }
`,
  }
}

/** Loads of the weights that are under way at once. */
const UNROLL = 8

function streamed(rows: number, { input, term, result }: Terms, lane: string): Omit<WalkProductWgsl, 'module'> {
  const each = <Item>(count: number, make: (n: number) => Item): Item[] =>
    Array.from({ length: count }, (_, n) => make(n))
  return {
    before: `${lane}
  let depth = (p.units + SLICES - 1u) / SLICES;
  let first = slice * depth;
  let last = min(first + depth, p.units);
`,
    step: `
    if (lane < p.units) {
${each(rows, (r) => `      var sum${r} = ${result}();`).join('\n')}
      var k = first;
      for (; k + ${UNROLL}u <= last; k += ${UNROLL}u) {
${each(UNROLL, (n) => `        let w${n} = weightOf(k + ${n}u, lane);`).join('\n')}
${each(UNROLL, (n) => each(rows, (r) => `        sum${r} += ${term(`w${n}`, `${input}[${r}u * PADDED + k + ${n}u]`)};`).join('\n')).join('\n')}
      }
      for (; k < last; k++) {
        let w = weightOf(k, lane);
${each(rows, (r) => `        sum${r} += ${term('w', `${input}[${r}u * PADDED + k]`)};`).join('\n')}
      }
${each(rows, (r) => `      sums[(${r}u * SLICES + slice) * PADDED + lane] = sum${r};`).join('\n')}
    }
`,
  }
}

/** The head of a walk's `main`, and the bounds of what it does: rows from `firstRow` on, `walked` steps. */
export const WALK_MAIN: string = `
@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let firstRow = (workgroup.y * workgroups.x + workgroup.x) * ROWS;
  var walked = 0u;
  for (var row = 0u; row < ROWS; row++) { walked = max(walked, rowLength(firstRow + row)); }
`

/** Workgroups of a walk, in two dimensions. */
export function walkGrid(rows: number, plan: WalkPlan, mostPerDimension: number): readonly [x: number, y: number] {
  const workgroups = Math.ceil(rows / plan.rows)
  const y = Math.max(1, Math.ceil(workgroups / mostPerDimension))
  return [Math.ceil(workgroups / y), y]
}

/**
 * What an invocation does between products: for each of its elements (one row and unit), the text with `element`, `row` and `unit` defined, and `$` in names standing
 * for the element's number. Its state has names, not indices, for the reason that weights have.
 */
export function eachItem(plan: WalkPlan, text: string): string {
  const items = Math.ceil(plan.rows / plan.slices)
  return Array.from(
    { length: items },
    (_, n) => `
  {
    let element = local + ${n}u * INVOCATIONS;
    let row = firstRow + element / PADDED;
    let unit = element % PADDED;${text.replaceAll('$', String(n))}
  }`,
  ).join('')
}

/** Declarations for each of an invocation's elements; `$` stands for its number. */
export function itemState(plan: WalkPlan, text: string): string {
  return Array.from({ length: Math.ceil(plan.rows / plan.slices) }, (_, n) => text.replaceAll('$', String(n))).join('')
}

/** Lengths of an invocation's rows: 0 where it has no element. */
export function itemLengths(plan: WalkPlan): string {
  return (
    itemState(plan, '\n  var length$ = 0u; var owns$ = false;') +
    eachItem(
      plan,
      `
    if (element < ROWS * PADDED && row < p.rows && unit < p.units) {
      owns$ = true;
      length$ = rowLength(row);
    }`,
    )
  )
}
