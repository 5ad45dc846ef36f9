// A kernel's program: WGSL with its bindings and parameters declared from one description.

/** Scalars that a program is given with each dispatch. */
export type ParameterType = 'u32' | 'i32' | 'f32'

/** Describes a program; everything that changes the text of its WGSL must be in `key`. */
export interface ProgramSpec<Parameter extends string> {
  /** Names the pipeline; equal keys mean equal programs. */
  readonly key: string
  /** Element types of the storage buffers that are read: name → WGSL type of an element. */
  readonly reads: Readonly<Record<string, string>>
  /** The same for those that are written (and may be read). */
  readonly writes: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<Parameter, ParameterType>>
  /** Binds the flag in which index errors are noted, and declares `reportIndex(index: i32, extent: u32)`. */
  readonly reportsIndices?: boolean
  /** `enable f16;` and the like. */
  readonly enables?: readonly string[]
  /** Functions, workgroup variables and `@compute fn main`. Parameters are fields of the uniform `p`. */
  readonly body: string
}

/** Bytes between the parameters of two dispatches: the largest alignment that a device may ask for. */
export const PARAMETER_BYTES = 256

const REPORT_INDEX = `
fn reportIndex(index: i32, extent: u32) {
  // Only the first call that fails is kept. The weak exchange may fail without a reason: try until a value is in place.
  loop {
    let seen = atomicCompareExchangeWeak(&failure[0], 0u, p.call);
    if (seen.exchanged) {
      atomicStore(&failure[1], bitcast<u32>(index));
      atomicStore(&failure[2], extent);
      return;
    }
    if (seen.old_value != 0u) { return; }
  }
}
`

/** The whole WGSL text of a program. */
export function wgslOf(spec: ProgramSpec<string>): string {
  const lines: string[] = (spec.enables ?? []).map((name) => `enable ${name};`)
  let binding = 0
  for (const [name, type] of Object.entries(spec.reads)) {
    lines.push(`@group(0) @binding(${binding++}) var<storage, read> ${name}: array<${type}>;`)
  }
  for (const [name, type] of Object.entries(spec.writes)) {
    lines.push(`@group(0) @binding(${binding++}) var<storage, read_write> ${name}: array<${type}>;`)
  }
  const fields = Object.entries(spec.parameters).map(([name, type]) => `  ${name}: ${type},`)
  lines.push('struct Parameters {', '  call: u32,', ...fields, '}', '@group(1) @binding(0) var<uniform> p: Parameters;')
  if (spec.reportsIndices) {
    lines.push('@group(1) @binding(1) var<storage, read_write> failure: array<atomic<u32>, 4>;', REPORT_INDEX)
  }
  return `${lines.join('\n')}\n${spec.body}`
}
