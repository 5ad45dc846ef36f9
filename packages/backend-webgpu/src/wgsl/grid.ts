// Element-wise work over any number of elements: workgroups in two dimensions, since one holds at most 65,535.

/** Invocations of an element-wise workgroup. */
export const GRID_WIDTH = 256

/** Workgroups that cover `count` invocations. The kernel finds its index by {@link GRID_INDEX}. */
export function gridOf(count: number, mostPerDimension: number): readonly [x: number, y: number] {
  const workgroups = Math.ceil(count / GRID_WIDTH)
  if (workgroups <= mostPerDimension) return [workgroups, 1]
  const y = Math.ceil(workgroups / mostPerDimension)
  return [Math.ceil(workgroups / y), y]
}

/** `gridIndex(workgroup_id, num_workgroups, local_invocation_index)`: a number from 0 up; the last workgroups pass the count, so kernels check it. */
export const GRID_INDEX: string = `
fn gridIndex(workgroup: vec3u, workgroups: vec3u, local: u32) -> u32 {
  return (workgroup.y * workgroups.x + workgroup.x) * ${GRID_WIDTH}u + local;
}
`

/** The head of an element-wise `main`: defines `i`, and ends where it passes `p.count`. */
export const GRID_MAIN: string = `
${GRID_INDEX}
@compute @workgroup_size(${GRID_WIDTH})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = gridIndex(workgroup, workgroups, local);
  if (i >= p.count) { return; }
`
