// Functions of scalars on four lanes: what lies in order is loaded and stored as a vec4.

/** Elements that one invocation handles. */
export type Lanes = 1 | 4

/** An argument: a vec4 where it is wide, else one value for all lanes. */
export interface LaneArgument {
  readonly value: string
  readonly wide: boolean
}

/** WGSL of a function of scalars, called for each lane. */
export function callOf(
  name: string,
  args: readonly LaneArgument[],
  { type, lanes }: { readonly type: string; readonly lanes: Lanes },
): string {
  const lane = (part: string): string =>
    `${name}(${args.map(({ value, wide }) => (wide ? `${value}${part}` : value)).join(', ')})`
  return lanes === 1 ? lane('') : `vec4<${type}>(${['.x', '.y', '.z', '.w'].map(lane).join(', ')})`
}
