// Matrix products by tiles: pieces of both factors go through workgroup memory, each invocation keeps a block of the result in registers.

import type { Operand } from '@rnn/core'
import type { Bound, Gpu, Kernel } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import { isPlainMatmul, MATMUL_INVOCATIONS, planMatmul, STRETCH, type MatmulPlan } from '../matmul-plan.ts'
import type { ParameterType } from '../program.ts'
import { ownStrides } from '../strided.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

export const matmul: Kernel<'matmul'> = ({ inputs: [a, b, bias], outputs: [out], attributes }, gpu) => {
  const { transposeA, transposeB, accumulate } = attributes
  recordMatmul(gpu, {
    a: matrixOf(a, transposeA),
    b: matrixOf(b, transposeB),
    bias,
    out: matrixOf(out, false),
    accumulate,
  })
}

/** A stack of matrices anywhere in a buffer; distances are in elements. */
export interface Matrix {
  readonly source: Bound
  readonly start: number
  readonly count: number
  readonly rows: number
  readonly columns: number
  readonly matrixStride: number
  readonly rowStride: number
  readonly columnStride: number
}

/** A product to record. */
export interface Product {
  /** `[rows, terms]`, as many as `b` or one for all. */
  readonly a: Matrix
  /** `[terms, columns]`. */
  readonly b: Matrix
  readonly bias: Operand | null
  /** One matrix gets the sum of all products. */
  readonly out: Matrix
  readonly accumulate: boolean
}

/** An operand as matrices. */
export function matrixOf(operand: Operand, transpose: boolean): Matrix {
  const strides = ownStrides(operand)
  const [rows, columns] = operand.shape.slice(-2) as [number, number]
  const [rowStride, columnStride] = strides.slice(-2) as [number, number]
  const stacked = operand.shape.length === 3
  const stack = {
    source: operand,
    start: startOf(operand),
    count: stacked ? operand.shape[0]! : 1,
    matrixStride: stacked ? strides[0]! : 0,
  }
  return transpose
    ? { ...stack, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride }
    : { ...stack, rows, columns, rowStride, columnStride }
}

/** Records `out = a · b + bias`, or `out += a · b`. */
export function recordMatmul(gpu: Gpu, product: Product): void {
  const { a, b, out, bias, accumulate } = product
  const { rows, columns } = out
  const stack = Math.max(a.count, b.count)
  if (rows * columns * out.count === 0 || (accumulate && (a.columns === 0 || stack === 0))) return
  // All products go into one matrix: their terms follow one another.
  const summed = out.count === 1 ? stack : 1
  if (isPlainMatmul(out.count * summed, rows, columns, a.columns, gpu.offer.software)) {
    return dispatchPlain(gpu, product, summed)
  }
  const plan = planMatmul(out.count, rows, columns, a.columns)
  const splits = summed === 1 ? plan.splits : 1
  if (splits === 1) {
    const whole = { ...plan, splits, termsPerSplit: Math.max(a.columns, 1), long: a.columns * summed > STRETCH }
    return dispatchTiles(gpu, product, whole, summed, out, false)
  }
  const partial = gpu.scratch(splits * out.count * rows * columns * 4)
  const parts: Matrix = {
    source: partial,
    start: 0,
    count: out.count,
    rows,
    columns,
    matrixStride: rows * columns,
    rowStride: columns,
    columnStride: 1,
  }
  dispatchTiles(gpu, { ...product, bias: null, accumulate: false }, plan, 1, parts, true)
  joinParts(gpu, partial, splits, out, bias, accumulate)
}

/** Which way the elements of a factor lie next to one another, and whether they can be read four at a time. */
interface Reading {
  /** terms: along the terms of the product; own: along the rows of `a` or the columns of `b`. */
  readonly along: 'terms' | 'own'
  readonly four: boolean
}

function readingOf({ start, matrixStride, rowStride, columnStride, rows, columns }: Matrix, first: boolean): Reading {
  const [termStride, ownStride, terms, own] = first
    ? [columnStride, rowStride, columns, rows]
    : [rowStride, columnStride, rows, columns]
  const along = termStride === 1 ? 'terms' : 'own'
  const [length, step, other] = along === 'terms' ? [terms, termStride, ownStride] : [own, ownStride, termStride]
  return { along, four: step === 1 && [length, other, start, matrixStride].every((each) => each % 4 === 0) }
}

function dispatchTiles(
  gpu: Gpu,
  { a, b, bias, accumulate }: Product,
  plan: MatmulPlan,
  summed: number,
  out: Matrix,
  parts: boolean,
): void {
  const { tile } = plan
  const readings = [readingOf(a, true), readingOf(b, false)] as const
  const described = readings.map(({ along, four }) => `${along}${four ? 4 : ''}`).join(' ')
  const ending = `${bias ? 'bias' : ''}${accumulate ? 'accumulate' : ''}${parts ? 'parts' : ''}`
  const key = `matmul ${tile.rows}×${tile.columns}×${tile.depth} ${described} ${plan.long ? 'long' : ''} ${ending}`
  const typeOf = ({ four }: Reading): string => (four ? 'vec4<f32>' : 'f32')
  const program = gpu.program(key, () => ({
    key,
    reads: { as_: typeOf(readings[0]), bs_: typeOf(readings[1]), ...(bias && { biases: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: PARAMETERS,
    body: tilesWgsl(plan, readings, { bias: bias !== null, accumulate, parts }),
  }))
  const most = gpu.offer.workgroupsPerDimension
  const layers = out.count * plan.splits
  const parameters = {
    ...parametersOf(a, b, bias, out),
    summed,
    splits: plan.splits,
    termsPerSplit: plan.termsPerSplit,
    outPart: parts ? out.count * out.matrixStride : 0,
  }
  for (let firstLayer = 0; firstLayer < layers; firstLayer += most) {
    gpu.dispatch(program, [a.source, b.source, ...(bias ? [bias] : []), out.source], { ...parameters, firstLayer }, [
      Math.ceil(out.columns / tile.columns),
      Math.ceil(out.rows / tile.rows),
      Math.min(most, layers - firstLayer),
    ])
  }
}

/** Each invocation computes an element, or four neighbouring ones of a row where `b` can be read so. */
function dispatchPlain(gpu: Gpu, { a, b, bias, out, accumulate }: Product, summed: number): void {
  const { along, four } = readingOf(b, false)
  const wide = four && along === 'own'
  const type = wide ? 'vec4f' : 'f32'
  const long = a.columns * summed > STRETCH
  const key = `matmul plain ${type} ${long ? 'long' : ''} ${bias ? 'bias' : ''} ${accumulate ? 'accumulate' : ''}`
  const program = gpu.program(key, () => ({
    key,
    reads: { as_: 'f32', bs_: wide ? 'vec4<f32>' : 'f32', ...(bias && { biases: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: { count: 'u32', ...PARAMETERS },
    body: `${GRID_MAIN}
  let across = p.columns / ${wide ? 4 : 1}u;
  let column = (i % across) * ${wide ? 4 : 1}u;
  let row = (i / across) % p.rows;
  let matrix = i / (across * p.rows);
  var total = ${type}();
  var sum = ${type}();
  var stretch = 0u;
  for (var each = 0u; each < p.summed; each++) {
    var aAt = p.aStart + (matrix + each) * p.aMatrix + row * p.aRow;
    var bAt = p.bStart + (matrix + each) * p.bMatrix + column * p.bColumn;
    for (var term = 0u; term < p.terms; term++) {
      sum = fma(${type}(as_[aAt]), bs_[bAt${wide ? ' / 4u' : ''}], sum);
      aAt += p.aTerm;
      bAt += p.bTerm;
${long ? `      stretch++;\n      if (stretch == ${STRETCH}u) { stretch = 0u; total += sum; sum = ${type}(); }` : ''}
    }
  }
  sum += total;
  var at = p.outStart + matrix * p.outMatrix + row * p.outRow + column * p.outColumn;
${
  wide
    ? `  for (var j = 0u; j < 4u; j++) {
    outs[at] = sum[j]${bias ? ' + biases[p.biasStart + column + j]' : ''}${accumulate ? ' + outs[at]' : ''};
    at += p.outColumn;
  }`
    : `  outs[at] = sum${bias ? ' + biases[p.biasStart + column]' : ''}${accumulate ? ' + outs[at]' : ''};`
}
}`,
  }))
  const count = (out.count * out.rows * out.columns) / (wide ? 4 : 1)
  gpu.dispatch(
    program,
    [a.source, b.source, ...(bias ? [bias] : []), out.source],
    { count, ...parametersOf(a, b, bias, out), summed, splits: 1, termsPerSplit: a.columns, outPart: 0, firstLayer: 0 },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}

/** Where everything lies. */
function parametersOf(a: Matrix, b: Matrix, bias: Operand | null, out: Matrix): Record<Placing, number> {
  const stackOf = ({ count, matrixStride }: Matrix): number => (count === 1 ? 0 : matrixStride)
  return {
    rows: out.rows,
    columns: out.columns,
    terms: a.columns,
    aStart: a.start,
    aMatrix: stackOf(a),
    aRow: a.rowStride,
    aTerm: a.columnStride,
    bStart: b.start,
    bMatrix: stackOf(b),
    bTerm: b.rowStride,
    bColumn: b.columnStride,
    biasStart: bias ? startOf(bias) : 0,
    outStart: out.start,
    outMatrix: out.matrixStride,
    outRow: out.rowStride,
    outColumn: out.columnStride,
  }
}

type Placing = Exclude<keyof typeof PARAMETERS, 'summed' | 'splits' | 'termsPerSplit' | 'outPart' | 'firstLayer'>

const PARAMETERS = {
  rows: 'u32',
  columns: 'u32',
  terms: 'u32',
  summed: 'u32',
  splits: 'u32',
  termsPerSplit: 'u32',
  aStart: 'u32',
  aMatrix: 'u32',
  aRow: 'u32',
  aTerm: 'u32',
  bStart: 'u32',
  bMatrix: 'u32',
  bTerm: 'u32',
  bColumn: 'u32',
  biasStart: 'u32',
  outStart: 'u32',
  outMatrix: 'u32',
  outRow: 'u32',
  outColumn: 'u32',
  outPart: 'u32',
  firstLayer: 'u32',
} as const satisfies Readonly<Record<string, ParameterType>>

interface Ending {
  readonly bias: boolean
  readonly accumulate: boolean
  readonly parts: boolean
}

function tilesWgsl({ tile, long }: MatmulPlan, [readA, readB]: readonly [Reading, Reading], ending: Ending): string {
  const { rows, columns, depth, ownRows, ownColumns } = tile
  const across = columns / ownColumns
  // One element more for each term keeps neighbouring terms out of the same bank.
  const [pitchA, pitchB] = [rows + 1, columns + 1]
  const own = Array.from({ length: ownRows }, (_, i) => i)
  const beside = Array.from({ length: ownColumns }, (_, j) => j)
  const each = (line: (i: number, j: number) => string): string =>
    own.flatMap((i) => beside.map((j) => line(i, j))).join('\n')
  return `
var<workgroup> tileA: array<f32, ${depth * pitchA}>;
var<workgroup> tileB: array<f32, ${depth * pitchB}>;

@compute @workgroup_size(${MATMUL_INVOCATIONS})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let layer = p.firstLayer + workgroup.z;
  let matrix = layer / p.splits;
  let part = layer % p.splits;
  let firstRow = workgroup.y * ${rows}u;
  let firstColumn = workgroup.x * ${columns}u;
  let ownRow = (local / ${across}u) * ${ownRows}u;
  let ownColumn = (local % ${across}u) * ${ownColumns}u;
  let firstTerm = part * p.termsPerSplit;
  let lastTerm = min(firstTerm + p.termsPerSplit, p.terms);
${each((i, j) => `  var sum${i}_${j} = 0.0;${long ? ` var total${i}_${j} = 0.0;` : ''}`)}
${long ? '  var stretch = 0u;' : ''}
  for (var each = 0u; each < p.summed; each++) {
    let aBase = p.aStart + (matrix + each) * p.aMatrix;
    let bBase = p.bStart + (matrix + each) * p.bMatrix;
    for (var start = firstTerm; start < lastTerm; start += ${depth}u) {
${loadWgsl(readA, { name: 'A', from: 'as_', own: rows, depth, pitch: pitchA, first: 'firstRow', limit: 'p.rows', ownStride: 'p.aRow', termStride: 'p.aTerm', base: 'aBase' })}
${loadWgsl(readB, { name: 'B', from: 'bs_', own: columns, depth, pitch: pitchB, first: 'firstColumn', limit: 'p.columns', ownStride: 'p.bColumn', termStride: 'p.bTerm', base: 'bBase' })}
      workgroupBarrier();
      for (var term = 0u; term < ${depth}u; term++) {
        let atA = term * ${pitchA}u + ownRow;
        let atB = term * ${pitchB}u + ownColumn;
${own.map((i) => `        let a${i} = tileA[atA + ${i}u];`).join('\n')}
${beside.map((j) => `        let b${j} = tileB[atB + ${j}u];`).join('\n')}
${each((i, j) => `        sum${i}_${j} = fma(a${i}, b${j}, sum${i}_${j});`)}
      }
      workgroupBarrier();
${
  long
    ? `      stretch += ${depth}u;
      if (stretch >= ${STRETCH}u) {
        stretch = 0u;
${each((i, j) => `        total${i}_${j} += sum${i}_${j}; sum${i}_${j} = 0.0;`)}
      }`
    : ''
}
    }
  }
  let outBase = p.outStart + matrix * p.outMatrix + part * p.outPart;
${each(
  (i, j) => `  if (firstRow + ownRow + ${i}u < p.rows && firstColumn + ownColumn + ${j}u < p.columns) {
    let at = outBase + (firstRow + ownRow + ${i}u) * p.outRow + (firstColumn + ownColumn + ${j}u) * p.outColumn;
    outs[at] = ${long ? `(total${i}_${j} + sum${i}_${j})` : `sum${i}_${j}`}${ending.bias ? ` + biases[p.biasStart + firstColumn + ownColumn + ${j}u]` : ''}${ending.accumulate ? ' + outs[at]' : ''};
  }`,
)}
}`
}

interface Loading {
  readonly name: 'A' | 'B'
  readonly from: string
  readonly own: number
  readonly depth: number
  readonly pitch: number
  readonly first: string
  readonly limit: string
  readonly ownStride: string
  readonly termStride: string
  readonly base: string
}

/** WGSL that brings a piece of a factor to workgroup memory, zeros past its ends; neighbouring invocations read neighbouring elements. */
function loadWgsl({ along, four }: Reading, to: Loading): string {
  const { name, from, own, depth, pitch, first, limit, ownStride, termStride, base } = to
  const width = four ? 4 : 1
  const inner = (along === 'terms' ? depth : own) / width
  const [term, place] = along === 'terms' ? ['inner', 'outer'] : ['outer', 'inner']
  const at = `${base} + (${first} + place) * ${ownStride} + (start + term) * ${termStride}`
  const value = four ? `${from}[(${at}) / 4u]` : `${from}[${at}]`
  const stores = four
    ? [0, 1, 2, 3].map((i) => {
        const to = along === 'terms' ? `(term + ${i}u) * ${pitch}u + place` : `term * ${pitch}u + place + ${i}u`
        return `        tile${name}[${to}] = value[${i}];`
      })
    : [`        tile${name}[term * ${pitch}u + place] = value;`]
  return `      for (var i = local; i < ${(own * depth) / width}u; i += ${MATMUL_INVOCATIONS}u) {
        let inner = (i % ${inner}u) * ${width}u;
        let outer = i / ${inner}u;
        let term = ${term};
        let place = ${place};
        var value = ${four ? 'vec4f()' : '0.0'};
        if (${first} + place < ${limit} && start + term < lastTerm) { value = ${value}; }
${stores.join('\n')}
      }`
}

/** Adds up the parts of a product, with what comes at its end. */
function joinParts(
  gpu: Gpu,
  partial: Bound,
  splits: number,
  out: Matrix,
  bias: Operand | null,
  accumulate: boolean,
): void {
  const key = `matmul parts ${bias ? 'bias' : ''} ${accumulate ? 'accumulate' : ''}`
  const program = gpu.program(key, () => ({
    key,
    reads: { parts: 'f32', ...(bias && { biases: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: {
      count: 'u32',
      splits: 'u32',
      columns: 'u32',
      size: 'u32',
      biasStart: 'u32',
      outStart: 'u32',
      outMatrix: 'u32',
      outRow: 'u32',
      outColumn: 'u32',
    },
    body: `${GRID_MAIN}
  var sum = 0.0;
  for (var part = 0u; part < p.splits; part++) { sum += parts[part * p.count + i]; }
  let column = i % p.columns;
  let row = (i % p.size) / p.columns;
  let at = p.outStart + (i / p.size) * p.outMatrix + row * p.outRow + column * p.outColumn;
  outs[at] = sum${bias ? ' + biases[p.biasStart + column]' : ''}${accumulate ? ' + outs[at]' : ''};
}`,
  }))
  const size = out.rows * out.columns
  const count = size * out.count
  gpu.dispatch(
    program,
    [partial, ...(bias ? [bias] : []), out.source],
    {
      count,
      splits,
      columns: out.columns,
      size,
      biasStart: bias ? startOf(bias) : 0,
      outStart: out.start,
      outMatrix: out.matrixStride,
      outRow: out.rowStride,
      outColumn: out.columnStride,
    },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}
