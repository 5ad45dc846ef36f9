// Rows of a matrix, several invocations on each: sums and maxima over a row, as trees.

import { GRID_WIDTH } from './grid.ts'

/** Invocations on each row: few on short rows, so that a workgroup takes many. */
export function lanesFor(length: number): number {
  return length <= 8 ? 1 : length <= 64 ? 8 : length <= 1024 ? 32 : GRID_WIDTH
}

/** Rows of one workgroup. */
export function rowsPerGroup(lanes: number): number {
  return GRID_WIDTH / lanes
}

/** `rowSum(lane, local, value)`, and with `maximum` also `rowMax`, which calls `rnnMax`: for each lane the result over all lanes of its row. Called by all invocations. */
export function rowTrees(lanes: number, maximum = false): string {
  const tree = (name: string, join: string): string =>
    lanes === 1
      ? `fn ${name}(lane: u32, local: u32, value: f32) -> f32 { return value; }`
      : `fn ${name}(lane: u32, local: u32, value: f32) -> f32 {
  rowParts[local] = value;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { rowParts[local] = ${join}; }
    workgroupBarrier();
  }
  let result = rowParts[local - lane];
  workgroupBarrier();
  return result;
}`
  return `
var<workgroup> rowParts: array<f32, ${GRID_WIDTH}>;
${tree('rowSum', 'rowParts[local] + rowParts[local + half]')}
${maximum ? tree('rowMax', 'rnnMax(rowParts[local], rowParts[local + half])') : ''}
`
}

/** The head of a `main` over rows: defines `lane`, `local`, `row`, and `inside` (false past the last row, where nothing may be written) with `p.rows`. */
export function rowMain(lanes: number): string {
  return `
@compute @workgroup_size(${GRID_WIDTH})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % ${lanes}u;
  let wanted = (workgroup.y * workgroups.x + workgroup.x) * ${rowsPerGroup(lanes)}u + local / ${lanes}u;
  let inside = wanted < p.rows;
  let row = select(0u, wanted, inside);
`
}
