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

/** `rowSum(lane, local, value)`, and with `maximum` also `rowMax`: for each lane the result over all lanes of its row. Called by all invocations. */
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
${maximum ? tree('rowMax', 'max(rowParts[local], rowParts[local + half])') : ''}
`
}

/** Elements that a lane takes up at a time: one comparison with the largest so far for all of them. */
const AT_ONCE = 4

/**
 * Lines of a `main` over rows that define `masked` (the row is −∞ throughout), `shift` (its largest element; 0 where masked) and `sum`, the sum of eˣ⁻ˢʰⁱᶠᵗ, on all
 * lanes, and read the row once (Milakov & Gimelshein 2018). They need `rowTrees` with the maximum, `exp` of math, and the parameter `lowest`, −∞.
 *
 * A sum is scaled anew where an element of its lane is larger than all before: on n elements at most n / (4·lanes) times, which up to a million elements is
 * below the √n roundings that their sum is allowed. NaN need not come through the maximum: it comes through the sum.
 *
 * @param source WGSL of element `index` of the row
 * @param length WGSL of the row's length
 */
export function sumOfExponentials(lanes: number, source: (index: string) => string, length: string): string {
  const nth = (i: number): string => (i === 0 ? 'i' : `i + ${i * lanes}u`)
  const elements = Array.from({ length: AT_ONCE }, (_, i) => i)
  return `
  var largest = p.lowest;
  var sum = 0.0;
  for (var i = lane; i < ${length}; i += ${AT_ONCE * lanes}u) {
${elements.map((i) => `    var x${i} = p.lowest;\n    if (${nth(i)} < ${length}) { x${i} = ${source(nth(i))}; }`).join('\n')}
    let next = max(largest, max(max(x0, x1), max(x2, x3)));
    let laneShift = select(next, 0.0, isLowest(next));
    if (next > largest) { sum *= rnnExp(largest - laneShift); }
    sum += (rnnExp(x0 - laneShift) + rnnExp(x1 - laneShift)) + (rnnExp(x2 - laneShift) + rnnExp(x3 - laneShift));
    largest = next;
  }
  let rowLargest = rowMax(lane, local, largest);
  let shift = select(rowLargest, 0.0, isLowest(rowLargest));
  sum = rowSum(lane, local, sum * rnnExp(largest - shift));
  let masked = isLowest(rowLargest) && !isNan(sum);`
}

/** `isLowest(x)`: whether x is −∞, by its bits. */
export const IS_LOWEST: string = `
fn isLowest(x: f32) -> bool { return bitcast<u32>(x) == 0xff800000u; }
`

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
