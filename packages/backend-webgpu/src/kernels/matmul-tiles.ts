// Matrix products by tiles: pieces of both factors go through workgroup memory, each invocation keeps a block of the result in registers.

import type { Gpu } from '../kernel.ts'
import { MATMUL_INVOCATIONS, readsLight, STRETCH, type TilePlan } from '../matmul-plan.ts'
import {
  boundAs,
  elementsAt,
  endingKey,
  PARAMETERS,
  parametersOf,
  readingOfA,
  readingOfB,
  storeWgsl,
  type Ending,
  type Product,
  type Reading,
  type Words,
  wordsOf,
} from './matmul-matrix.ts'

/** Records a product of the plan's kind `tiles`. With several parts, `out` takes them one after another. */
export function dispatchTiles(gpu: Gpu, product: Product, plan: TilePlan): void {
  const { a, b, bias, out, accumulate } = product
  const { tile, long } = plan
  const readA = { ...readingOfA(a), words: wordsOf(readingOfA(a)) }
  const { source, words } = boundAs(gpu, b, readingOfB(b), readsLight(plan))
  const readB = { ...readingOfB(b), words }
  const ending = { bias: bias !== null, accumulate }
  const reading = [readA, readB].map((each) => `${each.along} ${each.words}`).join(' ')
  const key = `matmul ${tile.rows}×${tile.columns}×${tile.depth} ${reading} ${long ? 'long' : ''} ${endingKey(ending)}`
  const program = gpu.program(key, () => ({
    key,
    reads: { as_: readA.words, bs_: readB.words, ...(bias && { biases: 'f32' }) },
    writes: { outs: 'f32' },
    parameters: { ...PARAMETERS, firstLayer: 'u32' },
    body: tilesWgsl(plan, readA, readB, ending),
  }))
  const most = gpu.offer.workgroupsPerDimension
  const layers = out.count * plan.splits
  const parameters = parametersOf(product, plan)
  for (let firstLayer = 0; firstLayer < layers; firstLayer += most) {
    gpu.dispatch(
      program,
      [a.source, source, ...(bias ? [bias.source] : []), out.source],
      { ...parameters, firstLayer },
      [Math.ceil(out.columns / tile.columns), Math.ceil(out.rows / tile.rows), Math.min(most, layers - firstLayer)],
    )
  }
}

interface Bringing extends Reading {
  readonly words: Words
}

function tilesWgsl({ tile, long }: TilePlan, readA: Bringing, readB: Bringing, ending: Ending): string {
  const { rows, columns, depth, ownRows, ownColumns } = tile
  // Neighbouring invocations have neighbouring columns, so that they read neighbouring banks and write neighbouring elements; the columns of one lie `across` apart.
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
  let ownColumn = local % ${across}u;
  let firstTerm = part * p.termsPerSplit;
  let lastTerm = min(firstTerm + p.termsPerSplit, p.terms);
${each((i, j) => `  var sum${i}_${j} = 0.0;${long ? ` var total${i}_${j} = 0.0;` : ''}`)}
${long ? '  var stretch = 0u;' : ''}
  for (var each = 0u; each < p.summed; each++) {
    let aBase = p.aStart + (matrix + each) * p.aMatrix;
    let bBase = p.bStart + (matrix + each) * p.bMatrix;
    for (var start = firstTerm; start < lastTerm; start += ${depth}u) {
${bringWgsl(readA, { name: 'A', from: 'as_', own: rows, depth, pitch: pitchA, first: 'firstRow', limit: 'p.rows', ownStride: 'p.aRow', termStride: 'p.aTerm', base: 'aBase' })}
${bringWgsl(readB, { name: 'B', from: 'bs_', own: columns, depth, pitch: pitchB, first: 'firstColumn', limit: 'p.columns', ownStride: 'p.bColumn', termStride: 'p.bTerm', base: 'bBase' })}
      workgroupBarrier();
      for (var term = 0u; term < ${depth}u; term++) {
        let atA = term * ${pitchA}u + ownRow;
        let atB = term * ${pitchB}u + ownColumn;
${own.map((i) => `        let a${i} = tileA[atA + ${i}u];`).join('\n')}
${beside.map((j) => `        let b${j} = tileB[atB + ${j * across}u];`).join('\n')}
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
${each((i, j) => {
  const [row, column] = [`firstRow + ownRow + ${i}u`, `firstColumn + ownColumn + ${j * across}u`]
  const value = long ? `(total${i}_${j} + sum${i}_${j})` : `sum${i}_${j}`
  return `  if (${row} < p.rows && ${column} < p.columns) ${storeWgsl(ending, value, row, column)}`
})}
}`
}

interface Bring {
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
function bringWgsl({ along, four, words }: Bringing, bring: Bring): string {
  const { name, from, own, depth, pitch, first, limit, ownStride, termStride, base } = bring
  const width = four ? 4 : 1
  const inner = (along === 'terms' ? depth : own) / width
  const [term, place] = along === 'terms' ? ['inner', 'outer'] : ['outer', 'inner']
  const value = elementsAt(words, from, `${base} + (${first} + place) * ${ownStride} + (start + term) * ${termStride}`)
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
