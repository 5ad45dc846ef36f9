// What all element-wise kernels share: an expression over operands, with layouts from flat and vectorised to strided in any number of axes.

import type { Operand } from '@rnn/core'
import type { Bound, Gpu } from '../kernel.ts'
import { startOf, wgslType } from '../kernel.ts'
import { isConstant, isFlat, planAddresses, planOf, planParameters, planValues, stridesOver } from '../strided.ts'
import type { ParameterType } from '../program.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'

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

/** Records the dispatch of an element-wise function, broadcast to the shape of its output. */
export function runElementwise(gpu: Gpu, each: Elementwise): void {
  const { out } = each
  const present = Object.entries(each.inputs).filter((entry): entry is [string, Operand] => entry[1] !== null)
  const names = [...present.map(([name]) => name), 'out']
  const operands = [...present.map(([, operand]) => operand), out]
  const plan = planOf(
    out.shape,
    operands.map((operand) => stridesOver(operand, out.shape)),
  )
  const { count } = plan
  if (count === 0) return
  const outAt = names.length - 1
  const flat = names.every((_, i) => isFlat(plan, i) || (i !== outAt && isConstant(plan, i)))
  if (!flat) return runStrided(gpu, each, names, operands, plan)
  const constant = names.map((_, i) => i !== outAt && !isFlat(plan, i))
  const aligned = count % 4 === 0 && operands.every((operand, i) => constant[i] || startOf(operand) % 4 === 0)
  return runFlat(gpu, each, names, operands, constant, aligned, count)
}

/** Everything lies in order: element `i` of each operand at its start + i, four at a time where that is a multiple of four. */
function runFlat(
  gpu: Gpu,
  { key, functions = '', expression, readsOutput = false, parameters = {} }: Elementwise,
  names: readonly string[],
  operands: readonly Operand[],
  constant: readonly boolean[],
  four: boolean,
  count: number,
): void {
  const typeOf = (i: number): string => {
    const type = wgslType(operands[i]!)
    return four && !constant[i] ? `vec4<${type}>` : type
  }
  const name = `${key} flat ${names.map((_, i) => `${typeOf(i)}${constant[i] ? '!' : ''}`).join(' ')}`
  const program = gpu.program(name, () => {
    const inputs = names.slice(0, -1)
    const arguments_ = inputs.map((name, i) => `${name}: ${wgslType(operands[i]!)}`)
    const outType = wgslType(operands.at(-1)!)
    const old = readsOutput ? [`old: ${outType}`] : []
    const load = (name: string, i: number): string => `${name}[p.${name}Start${constant[i] ? '' : ' + i'}]`
    const call = (part: string): string =>
      `one(${[...inputs.map((name, i) => `${name}Value${constant[i] ? '' : part}`), ...(readsOutput ? [`oldValue${part}`] : [])].join(', ')})`
    const value = four ? `vec4<${outType}>(${['.x', '.y', '.z', '.w'].map(call).join(', ')})` : call('')
    return {
      key: name,
      reads: Object.fromEntries(inputs.map((name, i) => [name, typeOf(i)])),
      writes: { out: typeOf(names.length - 1) },
      parameters: {
        count: 'u32',
        ...Object.fromEntries(names.map((name) => [`${name}Start`, 'u32' as const])),
        ...typesOf(parameters),
      },
      body: `${functions}
fn one(${[...arguments_, ...old].join(', ')}) -> ${outType} { return ${expression}; }
${GRID_MAIN}
${inputs.map((name, i) => `  let ${name}Value = ${load(name, i)};`).join('\n')}
${readsOutput ? `  let oldValue = ${load('out', names.length - 1)};` : ''}
  out[p.outStart + i] = ${value};
}`,
    }
  })
  const unit = four ? 4 : 1
  const starts = Object.fromEntries(
    names.map((name, i) => [`${name}Start`, startOf(operands[i]!) / (constant[i] ? 1 : unit)]),
  )
  gpu.dispatch(
    program,
    operands as readonly Bound[],
    { count: count / unit, ...starts, ...valuesOf(parameters) },
    gridOf(count / unit, gpu.offer.workgroupsPerDimension),
  )
}

/** Any layout: the index is taken apart axis by axis. */
function runStrided(
  gpu: Gpu,
  { key, functions = '', expression, readsOutput = false, parameters = {} }: Elementwise,
  names: readonly string[],
  operands: readonly Operand[],
  plan: ReturnType<typeof planOf>,
): void {
  const types = operands.map(wgslType)
  const name = `${key} strided ${plan.sizes.length} ${types.join(' ')}`
  const program = gpu.program(name, () => {
    const inputs = names.slice(0, -1)
    const reads = Object.fromEntries(inputs.map((each, i) => [each, types[i]!]))
    return {
      key: name,
      reads: Object.fromEntries(inputs.map((each) => [`${each}Values`, reads[each]!])),
      writes: { outs: types.at(-1)! },
      parameters: { ...planParameters(plan, names), ...typesOf(parameters) },
      body: `${functions}
${GRID_MAIN}
${planAddresses(plan, names)}
${inputs.map((each) => `  let ${each} = ${each}Values[${each}At];`).join('\n')}
${readsOutput ? '  let old = outs[outAt];' : ''}
  outs[outAt] = ${expression};
}`,
    }
  })
  gpu.dispatch(
    program,
    operands as readonly Bound[],
    { ...planValues(plan, names, operands), ...valuesOf(parameters) },
    gridOf(plan.count, gpu.offer.workgroupsPerDimension),
  )
}

type Given = Readonly<Record<string, readonly [type: ParameterType, value: number]>>

function typesOf(parameters: Given): Record<string, ParameterType> {
  return Object.fromEntries(Object.entries(parameters).map(([name, [type]]) => [name, type]))
}

function valuesOf(parameters: Given): Record<string, number> {
  return Object.fromEntries(Object.entries(parameters).map(([name, [, value]]) => [name, value]))
}
