// Gather and scatterAdd: rows of a table by index, and their gradient.

import type { Kernel } from '../kernel.ts'
import { sizeOf, startOf, wgslType } from '../kernel.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

export const gather: Kernel<'gather'> = ({ inputs: [table, indices], outputs: [out] }, gpu) => {
  const width = sizeOf(table.shape.slice(1))
  const count = sizeOf(out.shape)
  const program = gpu.program('gather', () => ({
    key: 'gather',
    // Words move unchanged, whatever they stand for.
    reads: { table: 'u32', indices: 'i32' },
    writes: { out: 'u32' },
    parameters: {
      count: 'u32',
      width: 'u32',
      rows: 'u32',
      tableStart: 'u32',
      indexStart: 'u32',
      outStart: 'u32',
    },
    reportsIndices: true,
    body: `${GRID_MAIN}
  let place = indices[p.indexStart + i / p.width];
  let column = i % p.width;
  var value = 0u;
  if (place >= 0 && u32(place) < p.rows) { value = table[p.tableStart + u32(place) * p.width + column]; }
  else if (place != -1 && column == 0u) { reportIndex(place, p.rows); }
  out[p.outStart + i] = value;
}`,
  }))
  gpu.dispatch(
    program,
    [table, indices, out],
    {
      count,
      width,
      rows: table.shape[0]!,
      tableStart: startOf(table),
      indexStart: startOf(indices),
      outStart: startOf(out),
    },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}

/**
 * First each update finds the next one of the same row, and whether it is the first: integers only, and each written by one invocation. Then the first of each row
 * walks the chain, so that a row's additions come in the order of the updates, always the same.
 */
export const scatterAdd: Kernel<'scatterAdd'> = ({ inputs: [indices, updates], outputs: [table] }, gpu) => {
  const width = sizeOf(table.shape.slice(1))
  const updateCount = sizeOf(indices.shape)
  if (updateCount === 0) return
  const type = wgslType(table)
  const links = gpu.scratch(updateCount * 8)
  const rows = table.shape[0]!
  const linking = gpu.program('scatterAdd links', () => ({
    key: 'scatterAdd links',
    reads: { indices: 'i32' },
    writes: { links: 'vec2<u32>' },
    parameters: { count: 'u32', rows: 'u32', indexStart: 'u32' },
    reportsIndices: true,
    // A link: the number of the next update of the row (0: none), and 1 for a row's first.
    body: `${GRID_MAIN}
  let place = indices[p.indexStart + i];
  var link = vec2u(0u, 0u);
  if (place >= 0 && u32(place) < p.rows) {
    for (var next = i + 1u; next < p.count; next++) {
      if (indices[p.indexStart + next] == place) { link.x = next; break; }
    }
    link.y = 1u;
    for (var before = i; before > 0u; before--) {
      if (indices[p.indexStart + before - 1u] == place) { link.y = 0u; break; }
    }
  } else if (place != -1) { reportIndex(place, p.rows); }
  links[i] = link;
}`,
  }))
  gpu.dispatch(
    linking,
    [indices, links],
    { count: updateCount, rows, indexStart: startOf(indices) },
    gridOf(updateCount, gpu.offer.workgroupsPerDimension),
  )
  const adding = gpu.program(`scatterAdd ${type}`, () => ({
    key: `scatterAdd ${type}`,
    reads: { indices: 'i32', links: 'vec2<u32>', updates: type },
    writes: { table: type },
    parameters: { count: 'u32', width: 'u32', indexStart: 'u32', updateStart: 'u32', tableStart: 'u32' },
    body: `${GRID_MAIN}
  var update = i / p.width;
  let column = i % p.width;
  if (links[update].y == 0u) { return; }
  let at = p.tableStart + u32(indices[p.indexStart + update]) * p.width + column;
  var sum = table[at];
  loop {
    sum += updates[p.updateStart + update * p.width + column];
    update = links[update].x;
    if (update == 0u) { break; }
  }
  table[at] = sum;
}`,
  }))
  const count = updateCount * width
  gpu.dispatch(
    adding,
    [indices, links, updates, table],
    { count, width, indexStart: startOf(indices), updateStart: startOf(updates), tableStart: startOf(table) },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}
