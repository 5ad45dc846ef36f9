// What all element-wise kernels share: an expression over operands in any layout, four elements at a time where they lie next to one another.

import type { Operand } from '@rnn/core'
import type { Bound, Gpu } from '../kernel.ts'
import { startOf, wgslType } from '../kernel.ts'
import { planOf, stridesOver, type StridedPlan } from '../strided.ts'
import type { ParameterType } from '../program.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'
import { callOf, type Lanes } from '../wgsl/lanes.ts'

/** An element-wise function. */
export interface Elementwise {
  /** Names the function in program keys. */
  readonly key: string
  /** Named inputs; null: there is none, and the expression does not read it. */
  readonly inputs: Readonly<Record<string, Operand | null>>
  readonly out: Operand
  /** Functions that the expression calls. */
  readonly functions?: string
  /** WGSL of the result; an input `x` is the variable `x`, with `old` for what is in the output where it is read. */
  readonly expression: string
  readonly readsOutput?: boolean
  /** Other parameters: by name, type and value. */
  readonly parameters?: Readonly<Record<string, readonly [type: ParameterType, value: number]>>
}

/** How a program walks its operands. What is in its text is the rank, the lanes and the steps; all else are parameters. */
interface Walk {
  readonly lanes: Lanes
  readonly rank: number
  /** By operand: elements from one to the next along the innermost axis; `n`: any number. */
  readonly steps: readonly (0 | 1 | 'n')[]
  readonly values: Readonly<Record<string, number>>
}

/** Records the dispatch of an element-wise function, broadcast to the shape of its output. */
export function runElementwise(gpu: Gpu, each: Elementwise): void {
  const { key, inputs, out, functions = '', expression, readsOutput = false, parameters = {} } = each
  const present = Object.entries(inputs).filter((entry): entry is [string, Operand] => entry[1] !== null)
  const names = [...present.map(([name]) => name), 'out']
  const operands = [...present.map(([, operand]) => operand), out]
  const plan = planOf(
    out.shape,
    operands.map((operand) => stridesOver(operand, out.shape)),
  )
  if (plan.count === 0) return
  const { lanes, rank, steps, values } = walkOf(plan, names, operands)
  const elements = operands.map(wgslType)
  const wide = steps.map((step) => lanes === 4 && step === 1)
  const stored = elements.map((type, i) => (wide[i] ? `vec4<${type}>` : type))
  const name = `${key} ${rank}: ${stored.map((type, i) => `${type} ${steps[i]}`).join(', ')}`
  const program = gpu.program(name, () => {
    const read = names.slice(0, readsOutput ? undefined : -1)
    const variable = (name: string): string => (name === 'out' ? 'old' : name)
    const last = names.length - 1
    return {
      key: name,
      reads: Object.fromEntries(names.slice(0, -1).map((name, i) => [`${name}Values`, stored[i]!])),
      writes: { outValues: stored[last]! },
      parameters: {
        ...Object.fromEntries(Object.keys(values).map((name) => [name, 'u32' as const])),
        ...Object.fromEntries(Object.entries(parameters).map(([name, [type]]) => [name, type])),
      },
      body: `${functions}
fn one(${read.map((name, i) => `${variable(name)}: ${elements[i]!}`).join(', ')}) -> ${elements[last]!} { return ${expression}; }
${GRID_MAIN}
${coordinates(rank)}
  let outAt = ${place('out', rank, steps[last]!)};
${read.map((name, i) => `  let ${name}Value = ${name}Values[${name === 'out' ? 'outAt' : place(name, rank, steps[i]!)}];`).join('\n')}
  outValues[outAt] = ${callOf(
    'one',
    read.map((name, i) => ({ value: `${name}Value`, wide: wide[i]! })),
    { type: elements[last]!, lanes },
  )};
}`,
    }
  })
  const given = Object.fromEntries(Object.entries(parameters).map(([name, [, value]]) => [name, value]))
  gpu.dispatch(
    program,
    operands as readonly Bound[],
    { ...values, ...given },
    gridOf(values['count']!, gpu.offer.workgroupsPerDimension),
  )
}

/** Four lanes where the innermost axis has a multiple of four elements, and each operand has them in fours, or the same one throughout. */
function walkOf(plan: StridedPlan, names: readonly string[], operands: readonly Operand[]): Walk {
  const rank = plan.sizes.length
  const inner = plan.strides.map((strides) => strides.at(-1) ?? 0)
  const inFours = (i: number): boolean =>
    [startOf(operands[i]!), ...plan.strides[i]!.slice(0, -1)].every((stride) => stride % 4 === 0)
  const four =
    (plan.sizes.at(-1) ?? 1) % 4 === 0 && inner.every((stride, i) => stride === 0 || (stride === 1 && inFours(i)))
  const values: Record<string, number> = { count: four ? plan.count / 4 : plan.count }
  for (let axis = 1; axis < rank; axis++) {
    values[`size${axis}`] = plan.sizes[axis]! / (four && axis === rank - 1 ? 4 : 1)
  }
  const steps = inner.map((stride) => (stride === 0 || stride === 1 ? stride : 'n'))
  names.forEach((name, i) => {
    const unit = four && steps[i] === 1 ? 4 : 1
    values[`${name}Start`] = startOf(operands[i]!) / unit
    plan.strides[i]!.forEach((stride, axis) => {
      if (axis < rank - 1) values[`${name}Stride${axis}`] = stride / unit
      else if (steps[i] === 'n') values[`${name}Stride${axis}`] = stride
    })
  })
  return { lanes: four ? 4 : 1, rank, steps, values }
}

/** WGSL that takes `i` apart: `at0` counts along the outermost axis. */
function coordinates(rank: number): string {
  if (rank === 0) return ''
  const lines: string[] = []
  for (let axis = rank - 1; axis > 0; axis--) {
    const left = axis === rank - 1 ? 'i' : `left${axis}`
    lines.push(`  let at${axis} = ${left} % p.size${axis};`)
    lines.push(`  let ${axis === 1 ? 'at0' : `left${axis - 1}`} = ${left} / p.size${axis};`)
  }
  return rank === 1 ? '  let at0 = i;' : lines.join('\n')
}

/** WGSL of an operand's place. */
function place(name: string, rank: number, step: 0 | 1 | 'n'): string {
  const terms = [`p.${name}Start`]
  for (let axis = 0; axis < rank - 1; axis++) terms.push(`at${axis} * p.${name}Stride${axis}`)
  if (rank > 0 && step === 1) terms.push(`at${rank - 1}`)
  if (rank > 0 && step === 'n') terms.push(`at${rank - 1} * p.${name}Stride${rank - 1}`)
  return terms.join(' + ')
}
