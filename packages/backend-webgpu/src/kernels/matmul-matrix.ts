// What the variants of the matrix product have in common: matrices anywhere in buffers, how they can be read, and how a result is stored.

import type { Operand } from '@rnn/core'
import type { Bound, Gpu } from '../kernel.ts'
import { startOf } from '../kernel.ts'
import type { Parts } from '../matmul-plan.ts'
import { ownStrides } from '../strided.ts'

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
  /** Added to each result; a vector is a matrix one of whose strides is 0. */
  readonly bias: Matrix | null
  /** One matrix gets the sum of all products. */
  readonly out: Matrix
  readonly accumulate: boolean
}

/** An operand as matrices. */
export function matrixOf(operand: Operand, transpose = false): Matrix {
  const strides = ownStrides(operand)
  const [rows, columns] = operand.shape.slice(-2) as [number, number]
  const [rowStride, columnStride] = strides.slice(-2) as [number, number]
  const stacked = operand.shape.length === 3
  const matrix = {
    source: operand,
    start: startOf(operand),
    count: stacked ? operand.shape[0]! : 1,
    rows,
    columns,
    matrixStride: stacked ? strides[0]! : 0,
    rowStride,
    columnStride,
  }
  return transpose ? turned(matrix) : matrix
}

/** A vector `[columns]` as a matrix whose rows all are that vector. */
export function matrixOfRow(row: Operand, rows: number): Matrix {
  return {
    source: row,
    start: startOf(row),
    count: 1,
    rows,
    columns: row.shape[0]!,
    matrixStride: 0,
    rowStride: 0,
    columnStride: 1,
  }
}

/** The transpose: the same elements, read the other way. */
export function turned(matrix: Matrix): Matrix {
  const { rows, columns, rowStride, columnStride } = matrix
  return { ...matrix, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride }
}

/** Contiguous matrices that follow one another. */
export function matricesIn(source: Bound, count: number, rows: number, columns: number): Matrix {
  return {
    source,
    start: 0,
    count,
    rows,
    columns,
    matrixStride: rows * columns,
    rowStride: columns,
    columnStride: 1,
  }
}

/** Which way the elements of a factor lie next to one another, and whether they can be read four at a time. */
export interface Reading {
  /** terms: along the terms of the product; own: along the rows of `a` or the columns of `b`. */
  readonly along: 'terms' | 'own'
  readonly four: boolean
}

/** How `a` can be read. */
export function readingOfA({ columnStride, rowStride, rows, columns, ...a }: Matrix): Reading {
  return readingOf(a, [columns, columnStride], [rows, rowStride])
}

/** How `b` can be read. */
export function readingOfB({ columnStride, rowStride, rows, columns, ...b }: Matrix): Reading {
  return readingOf(b, [rows, rowStride], [columns, columnStride])
}

type Axis = readonly [length: number, stride: number]

function readingOf({ start, matrixStride }: Pick<Matrix, 'start' | 'matrixStride'>, terms: Axis, own: Axis): Reading {
  const along = terms[1] === 1 ? 'terms' : 'own'
  const [[length, step], [, other]] = along === 'terms' ? [terms, own] : [own, terms]
  return { along, four: step === 1 && [length, other, start, matrixStride].every((each) => each % 4 === 0) }
}

/** How elements of a factor are bound: one by one, four by four, or four as float16. */
export type Words = 'f32' | 'vec4<f32>' | 'vec2<u32>'

/** A factor's words in its own buffer. */
export function wordsOf({ four }: Reading): Words {
  return four ? 'vec4<f32>' : 'f32'
}

/** A factor as it is bound: with `light`, the float16 copy of its buffer, where there is one and it can be read four elements at a time. */
export function boundAs(
  gpu: Gpu,
  { source }: Matrix,
  reading: Reading,
  light: boolean,
): { source: Bound; words: Words } {
  const halves = light && reading.four && 'shape' in source ? gpu.halves(source) : undefined
  return halves ? { source: halves, words: 'vec2<u32>' } : { source, words: wordsOf(reading) }
}

/** WGSL of the element(s) of `name` at an index in elements. */
export function elementsAt(words: Words, name: string, at: string): string {
  if (words === 'f32') return `${name}[${at}]`
  const four = `${name}[(${at}) / 4u]`
  return words === 'vec4<f32>' ? four : `vec4f(unpack2x16float(${four}.x), unpack2x16float(${four}.y))`
}

/** What is added to a result, and whether it is a part to be added up later. */
export interface Ending {
  readonly bias: boolean
  readonly accumulate: boolean
}

/** Names what changes the WGSL of an ending. */
export function endingKey({ bias, accumulate }: Ending): string {
  return `${bias ? 'bias' : ''}${accumulate ? 'accumulate' : ''}`
}

/** WGSL that stores a result; `outBase` is where its matrix begins. */
export function storeWgsl({ bias, accumulate }: Ending, value: string, row: string, column: string): string {
  const added = bias ? ` + biases[p.biasStart + (${row}) * p.biasRow + (${column}) * p.biasColumn]` : ''
  return `{
    let at = outBase + (${row}) * p.outRow + (${column}) * p.outColumn;
    outs[at] = ${value}${added}${accumulate ? ' + outs[at]' : ''};
  }`
}

/** Names of the parameters of every variant. */
export type Placing =
  | 'rows'
  | 'columns'
  | 'terms'
  | 'summed'
  | 'splits'
  | 'termsPerSplit'
  | 'aStart'
  | 'aMatrix'
  | 'aRow'
  | 'aTerm'
  | 'bStart'
  | 'bMatrix'
  | 'bTerm'
  | 'bColumn'
  | 'biasStart'
  | 'biasRow'
  | 'biasColumn'
  | 'outStart'
  | 'outMatrix'
  | 'outPart'
  | 'outRow'
  | 'outColumn'

/** Parameters of every variant. */
export const PARAMETERS: Readonly<Record<Placing, 'u32'>> = {
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
  biasRow: 'u32',
  biasColumn: 'u32',
  outStart: 'u32',
  outMatrix: 'u32',
  outPart: 'u32',
  outRow: 'u32',
  outColumn: 'u32',
}

/** Values of {@link PARAMETERS}. With several parts, `out` has room for those of all matrices, one part after another. */
export function parametersOf({ a, b, bias, out }: Product, { splits, termsPerSplit }: Parts): Record<Placing, number> {
  const stackOf = ({ count, matrixStride }: Matrix): number => (count === 1 ? 0 : matrixStride)
  return {
    rows: out.rows,
    columns: out.columns,
    terms: a.columns,
    summed: summedBy(a, b, out),
    splits,
    termsPerSplit,
    aStart: a.start,
    aMatrix: stackOf(a),
    aRow: a.rowStride,
    aTerm: a.columnStride,
    bStart: b.start,
    bMatrix: stackOf(b),
    bTerm: b.rowStride,
    bColumn: b.columnStride,
    biasStart: bias?.start ?? 0,
    biasRow: bias?.rowStride ?? 0,
    biasColumn: bias?.columnStride ?? 0,
    outStart: out.start,
    outMatrix: out.matrixStride,
    outPart: splits === 1 ? 0 : out.count * out.matrixStride,
    outRow: out.rowStride,
    outColumn: out.columnStride,
  }
}

/** Products that are added up in each matrix of the result. */
export function summedBy(a: Matrix, b: Matrix, out: Matrix): number {
  return out.count === 1 ? Math.max(a.count, b.count) : 1
}
