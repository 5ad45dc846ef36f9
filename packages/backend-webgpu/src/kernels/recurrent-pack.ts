// Copies small operands into one buffer, for programs that would bind too many; or transposes a matrix, so that neighbours read neighbours.

import type { Operand } from '@rnn/core'
import { sizeOf, startOf } from '../kernel.ts'
import type { Gpu } from '../kernel.ts'
import type { Block } from '../memory.ts'
import type { ParameterType } from '../program.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

/** An operand to be packed; a matrix may be transposed. */
export interface PackSource {
  readonly operand: Operand
  readonly transposed: boolean
}

/** Where everything is: `starts` in elements, in the order of the sources. No block without sources. */
export interface Packed {
  readonly block: Block | undefined
  readonly starts: readonly number[]
}

/** Sources of one dispatch; more take several. */
const MOST_SOURCES = 6

/** Packs the bits of operands of 4-byte elements, one after another, into scratch memory of this call. */
export function pack(gpu: Gpu, sources: readonly PackSource[]): Packed {
  if (sources.length === 0) return { block: undefined, starts: [] }
  const starts: number[] = []
  let total = 0
  for (const { operand } of sources) {
    starts.push(total)
    total += sizeOf(operand.shape)
  }
  const block = gpu.scratch(total * 4)
  const plain: { readonly operand: Operand; readonly target: number }[] = []
  sources.forEach(({ operand, transposed }, i) => {
    if (transposed) transpose(gpu, operand, block, starts[i]!)
    else plain.push({ operand, target: starts[i]! })
  })
  for (let at = 0; at < plain.length; at += MOST_SOURCES) copy(gpu, plain.slice(at, at + MOST_SOURCES), block)
  return { block, starts }
}

function copy(
  gpu: Gpu,
  sources: readonly { readonly operand: Operand; readonly target: number }[],
  block: Block,
): void {
  const names = sources.map((_, n) => `source${n}`)
  const key = `recurrentPack ${names.length}`
  const program = gpu.program<string>(key, () => ({
    key,
    reads: Object.fromEntries(names.map((name) => [name, 'u32'])),
    writes: { out: 'u32' },
    parameters: {
      count: 'u32',
      ...Object.fromEntries(
        names.flatMap((name) =>
          ['Start', 'Target', 'Size'].map((part): [string, ParameterType] => [name + part, 'u32']),
        ),
      ),
    },
    body: `${GRID_MAIN}
  var at = i;
${names
  .map(
    (name) =>
      `  if (at < p.${name}Size) { out[p.${name}Target + at] = ${name}[p.${name}Start + at]; return; }\n  at -= p.${name}Size;`,
  )
  .join('\n')}
}`,
  }))
  const values: Record<string, number> = { count: 0 }
  let count = 0
  sources.forEach(({ operand, target }, n) => {
    const size = sizeOf(operand.shape)
    values[`source${n}Start`] = startOf(operand)
    values[`source${n}Target`] = target
    values[`source${n}Size`] = size
    count += size
  })
  values['count'] = count
  gpu.dispatch(
    program,
    [...sources.map(({ operand }) => operand), block],
    values,
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}

const TILE = 16

/** Tiles go through workgroup memory, so that reads and writes are both of neighbours. */
function transpose(gpu: Gpu, matrix: Operand, block: Block, target: number): void {
  const key = 'recurrentTranspose'
  const program = gpu.program(key, () => ({
    key,
    reads: { source: 'u32' },
    writes: { out: 'u32' },
    parameters: { start: 'u32', into: 'u32', height: 'u32', width: 'u32', across: 'u32' },
    body: `
var<workgroup> tile: array<u32, ${TILE * (TILE + 1)}>;
@compute @workgroup_size(${TILE * TILE})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let number = workgroup.y * workgroups.x + workgroup.x;
  let row = number / p.across * ${TILE}u;
  let column = number % p.across * ${TILE}u;
  let a = local / ${TILE}u;
  let b = local % ${TILE}u;
  if (row + a < p.height && column + b < p.width) {
    tile[a * ${TILE + 1}u + b] = source[p.start + (row + a) * p.width + column + b];
  }
  workgroupBarrier();
  if (row + b < p.height && column + a < p.width) {
    out[p.into + (column + a) * p.height + row + b] = tile[b * ${TILE + 1}u + a];
  }
}`,
  }))
  const [height = 0, width = 0] = matrix.shape
  const across = Math.ceil(width / TILE)
  const tiles = Math.ceil(height / TILE) * across
  const [x, y] = gridOf(tiles * TILE * TILE, gpu.offer.workgroupsPerDimension)
  gpu.dispatch(program, [matrix, block], { start: startOf(matrix), into: target, height, width, across }, [x, y])
}
