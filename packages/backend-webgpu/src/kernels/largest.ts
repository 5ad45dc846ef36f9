// Where the largest elements are: argmax along an axis, topK of the last one.

import type { Gpu, Kernel } from '../kernel.ts'
import { sizeOf, startOf, wgslType } from '../kernel.ts'
import { gridOf, GRID_WIDTH } from '../wgsl/grid.ts'
import { orderOf } from '../wgsl/order.ts'
import { lanesFor, rowMain } from '../wgsl/rows.ts'

/** `best(lane, local, found)`: of the candidates of all lanes of a row the first in order, as `vec2u(order, index)`; order 0 with index 0xffffffff is none. */
function bestOf(lanes: number): string {
  return `
fn better(a: vec2u, b: vec2u) -> bool { return a.x > b.x || (a.x == b.x && a.y < b.y); }
var<workgroup> candidates: array<vec2u, ${GRID_WIDTH}>;
fn best(lane: u32, local: u32, found: vec2u) -> vec2u {
  candidates[local] = found;
  workgroupBarrier();
  for (var half = ${Math.floor(lanes / 2)}u; half > 0u; half /= 2u) {
    if (lane < half && better(candidates[local + half], candidates[local])) { candidates[local] = candidates[local + half]; }
    workgroupBarrier();
  }
  let result = candidates[local - lane];
  workgroupBarrier();
  return result;
}
`
}

/** Elements that one invocation may look through alone. */
const LONGEST_WALK = 1024

export const argmax: Kernel<'argmax'> = ({ inputs: [x], outputs: [out], attributes: { axis } }, gpu) => {
  const type = wgslType(x)
  const length = x.shape[axis]!
  const inner = sizeOf(x.shape.slice(axis + 1))
  // Over an inner axis the elements of a row lie apart, those of neighbouring rows together: neighbours read both best with a row each.
  const lanes = inner >= 32 && length <= LONGEST_WALK ? 1 : lanesFor(length)
  const key = `argmax ${type} ${lanes}`
  const program = gpu.program(key, () => ({
    key,
    reads: { xs: type },
    writes: { outs: 'i32' },
    parameters: { rows: 'u32', length: 'u32', inner: 'u32', start: 'u32', outStart: 'u32' },
    body: `${orderOf(type)}${bestOf(lanes)}${rowMain(lanes)}
  let at = p.start + (row / p.inner) * p.length * p.inner + row % p.inner;
  var found = vec2u(0u, 0xffffffffu);
  for (var i = lane; i < p.length; i += ${lanes}u) {
    let candidate = vec2u(orderOf(xs[at + i * p.inner]), i);
    if (better(candidate, found)) { found = candidate; }
  }
  found = best(lane, local, found);
  if (inside && lane == 0u) { outs[p.outStart + row] = i32(found.y); }
}`,
  }))
  dispatchRows(gpu, sizeOf(out.shape), lanes, (rows, grid) =>
    gpu.dispatch(program, [x, out], { rows, length, inner, start: startOf(x), outStart: startOf(out) }, grid),
  )
}

/** The k largest one after another: each time the first in order of those that come after the one before. Meant for small k. */
export const topK: Kernel<'topK'> = ({ inputs: [x], outputs: [values, indices], attributes: { k } }, gpu) => {
  const type = wgslType(x)
  const length = x.shape.at(-1)!
  const lanes = lanesFor(length)
  const key = `topK ${type} ${lanes}`
  const program = gpu.program(key, () => ({
    key,
    reads: { xs: type },
    writes: { values: type, indices: 'i32' },
    parameters: { rows: 'u32', length: 'u32', k: 'u32', start: 'u32', valueStart: 'u32', indexStart: 'u32' },
    body: `${orderOf(type)}${bestOf(lanes)}${rowMain(lanes)}
  let at = p.start + row * p.length;
  var last = vec2u(0u, 0u);
  for (var place = 0u; place < p.k; place++) {
    var found = vec2u(0u, 0xffffffffu);
    for (var i = lane; i < p.length; i += ${lanes}u) {
      let candidate = vec2u(orderOf(xs[at + i]), i);
      if ((place == 0u || better(last, candidate)) && better(candidate, found)) { found = candidate; }
    }
    last = best(lane, local, found);
    if (inside && lane == 0u) {
      values[p.valueStart + row * p.k + place] = xs[at + last.y];
      indices[p.indexStart + row * p.k + place] = i32(last.y);
    }
  }
}`,
  }))
  dispatchRows(gpu, length === 0 ? 0 : sizeOf(x.shape) / length, lanes, (rows, grid) =>
    gpu.dispatch(
      program,
      [x, values, indices],
      { rows, length, k, start: startOf(x), valueStart: startOf(values), indexStart: startOf(indices) },
      grid,
    ),
  )
}

function dispatchRows(
  gpu: Gpu,
  rows: number,
  lanes: number,
  record: (rows: number, grid: readonly [number, number]) => void,
): void {
  if (rows > 0) record(rows, gridOf(rows * lanes, gpu.offer.workgroupsPerDimension))
}
