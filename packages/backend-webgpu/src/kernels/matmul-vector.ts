// Matrix products of a few rows: the matrix is read once, in order, by many invocations for each of its columns.

import type { Gpu } from '../kernel.ts'
import { MATMUL_INVOCATIONS, readsLight, VECTOR_COLUMNS, type VectorPlan } from '../matmul-plan.ts'
import {
  boundAs,
  elementsAt,
  endingKey,
  PARAMETERS,
  parametersOf,
  readingOfA,
  readingOfB,
  storeWgsl,
  wordsOf,
  type Ending,
  type Product,
  type Words,
} from './matmul-matrix.ts'

/** Records a product of the plan's kind `vector`. With several parts, `out` takes them one after another. */
export function dispatchVectors(gpu: Gpu, product: Product, plan: VectorPlan): void {
  const { a, b, bias, out, accumulate } = product
  const { along } = readingOfB(b)
  const { source, words } = boundAs(gpu, b, readingOfB(b), readsLight(plan))
  const readA = readingOfA(a)
  // Only where four terms lie side by side in both can they be read at once in `a`, too.
  const wordsA = along === 'terms' && words !== 'f32' && readA.along === 'terms' ? wordsOf(readA) : 'f32'
  const subgroups = along === 'terms' && gpu.offer.subgroups
  const ending = { bias: bias !== null, accumulate }
  const key = `matmul vector ${plan.ownRows} ${along} ${wordsA} ${words} ${subgroups ? 'subgroups' : ''} ${endingKey(ending)}`
  const program = gpu.program(key, () => ({
    key,
    reads: { as_: wordsA, bs_: words, ...(bias && { biases: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: { ...PARAMETERS, firstLayer: 'u32' },
    ...(subgroups && { enables: ['subgroups'] }),
    body: along === 'own' ? alongColumns(plan, words, ending) : alongTerms(plan, wordsA, words, subgroups, ending),
  }))
  const most = gpu.offer.workgroupsPerDimension
  const groups = Math.ceil(out.columns / VECTOR_COLUMNS[along])
  const layers = out.count * plan.splits
  const parameters = parametersOf(product, plan)
  for (let firstLayer = 0; firstLayer < layers; firstLayer += most) {
    gpu.dispatch(
      program,
      [a.source, source, ...(bias ? [bias.source] : []), out.source],
      { ...parameters, firstLayer },
      // Columns may be more than a dimension has workgroups.
      [Math.min(groups, most), Math.ceil(groups / most), Math.min(most, layers - firstLayer)],
    )
  }
}

const PLACES = `
  let layer = p.firstLayer + workgroup.z;
  let matrix = layer / p.splits;
  let part = layer % p.splits;
  let group = workgroup.y * workgroups.x + workgroup.x;
  let firstTerm = part * p.termsPerSplit;
  let lastTerm = min(firstTerm + p.termsPerSplit, p.terms);
  let aBase = p.aStart + matrix * p.aMatrix;
  let bBase = p.bStart + matrix * p.bMatrix;
  let outBase = p.outStart + matrix * p.outMatrix + part * p.outPart;
`

const BUILTINS = '@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u'

/** Places of the rows of `a`; rows that the product lacks repeat its last one, and are not stored. */
const rowBase = (r: number): string => `aBase + min(${r}u, p.rows - 1u) * p.aRow`

const forRows = ({ ownRows }: VectorPlan, line: (r: number) => string): string =>
  Array.from({ length: ownRows }, (_, r) => line(r)).join('\n')

/** Neighbouring invocations read neighbouring columns; those that share a column take every so many terms of it. */
function alongColumns(plan: VectorPlan, words: Words, ending: Ending): string {
  const [type, width] = words === 'f32' ? (['f32', 1] as const) : (['vec4f', 4] as const)
  const across = VECTOR_COLUMNS.own / width
  const slices = MATMUL_INVOCATIONS / across
  const stores = (r: number): string =>
    width === 1
      ? storeWgsl(ending, 'total', `${r}u`, 'column')
      : [0, 1, 2, 3].map((j) => storeWgsl(ending, `total[${j}]`, `${r}u`, `column + ${j}u`)).join('\n    ')
  return `
var<workgroup> sums: array<${type}, ${MATMUL_INVOCATIONS}>;

@compute @workgroup_size(${MATMUL_INVOCATIONS})
fn main(${BUILTINS}, @builtin(local_invocation_index) local: u32) {${PLACES}
  let lane = local % ${across}u;
  let slice = local / ${across}u;
  let column = group * ${VECTOR_COLUMNS.own}u + lane * ${width}u;
${forRows(plan, (r) => `  var sum${r} = ${type}();\n  let a${r} = ${rowBase(r)};`)}
  if (column < p.columns) {
    for (var term = firstTerm + slice; term < lastTerm; term += ${slices}u) {
      let b = ${elementsAt(words, 'bs_', 'bBase + term * p.bTerm + column * p.bColumn')};
${forRows(plan, (r) => `      sum${r} = fma(${type}(as_[a${r} + term * p.aTerm]), b, sum${r});`)}
    }
  }
${forRows(
  plan,
  (r) => `  sums[local] = sum${r};
  workgroupBarrier();
  if (slice == 0u && column < p.columns && ${r}u < p.rows) {
    var total = sum${r};
    for (var other = 1u; other < ${slices}u; other++) { total += sums[other * ${across}u + lane]; }
    ${stores(r)}
  }
  workgroupBarrier();`,
)}
}`
}

/**
 * Neighbouring invocations read neighbouring terms of a column, and their sums are added up: by a subgroup where the device has them, which takes neither memory nor a barrier, else through
 * workgroup memory.
 */
function alongTerms(plan: VectorPlan, wordsA: Words, words: Words, subgroups: boolean, ending: Ending): string {
  const [type, width] = words === 'f32' ? (['f32', 1] as const) : (['vec4f', 4] as const)
  const team = MATMUL_INVOCATIONS / VECTOR_COLUMNS.terms
  const a = (r: number): string =>
    width === 1 || wordsA !== 'f32'
      ? elementsAt(wordsA, 'as_', `a${r} + term * p.aTerm`)
      : `vec4f(${[0, 1, 2, 3].map((i) => `as_[a${r} + (term + ${i}u) * p.aTerm]`).join(', ')})`
  const whole = (sum: string): string => (width === 1 ? sum : `((${sum}.x + ${sum}.y) + (${sum}.z + ${sum}.w))`)
  const add = (lane: string, lanes: string): string => `${forRows(plan, (r) => `  var sum${r} = ${type}();`)}
  if (inside) {
    for (var term = firstTerm + ${lane} * ${width}u; term < lastTerm; term += ${lanes} * ${width}u) {
      let b = ${elementsAt(words, 'bs_', 'bBase + term * p.bTerm + column * p.bColumn')};
${forRows(plan, (r) => `      sum${r} = fma(${a(r)}, b, sum${r});`)}
    }
  }`
  const rows = forRows(plan, (r) => `  let a${r} = ${rowBase(r)};`)
  if (subgroups) {
    // The subgroups of a workgroup, however many, take its columns in turns.
    return `
@compute @workgroup_size(${MATMUL_INVOCATIONS})
fn main(
  ${BUILTINS},
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {${PLACES}
${rows}
  for (var turn = 0u; turn < ${VECTOR_COLUMNS.terms}u; turn += subgroups) {
    let column = group * ${VECTOR_COLUMNS.terms}u + turn + subgroup;
    let inside = turn + subgroup < ${VECTOR_COLUMNS.terms}u && column < p.columns;
${add('lane', 'lanes')}
${forRows(
  plan,
  (r) => `    let total${r} = subgroupAdd(${whole(`sum${r}`)});
    if (inside && lane == 0u && ${r}u < p.rows) ${storeWgsl(ending, `total${r}`, `${r}u`, 'column')}`,
)}
  }
}`
  }
  // One element more for each column keeps the columns in different banks.
  return `
var<workgroup> sums: array<f32, ${VECTOR_COLUMNS.terms * (team + 1)}>;

@compute @workgroup_size(${MATMUL_INVOCATIONS})
fn main(${BUILTINS}, @builtin(local_invocation_index) local: u32) {${PLACES}
${rows}
  let lane = local % ${team}u;
  let own = (local / ${team}u) * ${team + 1}u;
  let column = group * ${VECTOR_COLUMNS.terms}u + local / ${team}u;
  let inside = column < p.columns;
${add('lane', `${team}u`)}
${forRows(
  plan,
  (r) => `  sums[own + lane] = ${whole(`sum${r}`)};
  workgroupBarrier();
  if (lane == 0u && inside && ${r}u < p.rows) {
    var total = sums[own];
    for (var other = 1u; other < ${team}u; other++) { total += sums[own + other]; }
    ${storeWgsl(ending, 'total', `${r}u`, 'column')}
  }
  workgroupBarrier();`,
)}
}`
}
