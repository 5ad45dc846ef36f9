// Operands of the recurrent programs: how each is bound, and the WGSL functions by which cells and walks read and write it.
//
// A cell may have eleven operands, but a program binds eight buffers, of which the flag of index errors takes one. Where more are wanted, the small ones are first
// copied into one buffer (see recurrent-pack.ts).

import { isContiguous } from '@rnn/core'
import type { Operand } from '@rnn/core'
import { startOf } from '../kernel.ts'
import type { Bound, Gpu } from '../kernel.ts'
import type { ParameterType } from '../program.ts'
import { pack } from './recurrent-pack.ts'
import type { PackSource } from './recurrent-pack.ts'

/** The sizes of a sequence. */
export interface Frame {
  readonly rows: number
  readonly steps: number
  readonly units: number
  readonly timeMajor: boolean
  readonly reverse: boolean
}

/** `[B, T, width]` (time-major: `[T, B, width]`), perhaps with rows. Null reads as zeros, and takes no writes. */
export interface SequenceOperand {
  readonly kind: 'sequence'
  readonly name: string
  readonly operand: Operand | null
}

/** A contiguous operand. Null reads as `otherwise` (default: 0), and takes no writes. */
export interface SmallOperand {
  readonly kind: 'small'
  readonly name: string
  readonly operand: Operand | null
  readonly otherwise?: string
  /** Packed before others are: `transposed` always is, `last` only if nothing else helps. */
  readonly pack?: 'transposed' | 'last'
}

/** A `[B, H]` result or state in memory of the call. */
export interface StateOutput {
  readonly kind: 'state'
  readonly name: string
  readonly bound: Bound | null
}

/** What a program of a recurrent op binds. */
export interface Wiring {
  /** Names all that changes the WGSL. */
  readonly key: string
  readonly reads: Readonly<Record<string, string>>
  readonly writes: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, ParameterType>>
  /** `nameAt` and `namePut` for each operand. */
  readonly wgsl: string
  readonly bindings: readonly Bound[]
  readonly values: Readonly<Record<string, number>>
}

/** Buffers that a program binds on any device, less the flag of index errors. */
const MOST_BUFFERS = 7

/** Decides how the operands are bound, and packs what does not fit. */
export function wire(
  gpu: Gpu,
  frame: Frame,
  inputs: readonly (SequenceOperand | SmallOperand)[],
  outputs: readonly (SequenceOperand | StateOutput)[],
): Wiring {
  const given = inputs.filter(({ operand }) => operand !== null)
  const written = outputs.filter((output) => (output.kind === 'state' ? output.bound : output.operand) !== null)
  const packed = choosePacked(given, MOST_BUFFERS - written.length)
  const sources = packed.map(({ name, operand, pack: how }): PackSource & { readonly name: string } => ({
    name,
    operand: operand!, // those that are null were left out
    transposed: how === 'transposed',
  }))
  const { block, starts } = pack(gpu, sources)

  const reads: Record<string, string> = {}
  const writes: Record<string, string> = {}
  const parameters: Record<string, ParameterType> = { rows: 'u32', steps: 'u32', units: 'u32', reverse: 'u32' }
  const values: Record<string, number> = {
    rows: frame.rows,
    steps: frame.steps,
    units: frame.units,
    reverse: Number(frame.reverse),
  }
  const parameter = (name: string, value: number): void => {
    parameters[name] = 'u32'
    values[name] = value
  }
  const bindings: Bound[] = []
  const text: string[] = []
  const key: string[] = []

  const sequence = (name: string, operand: Operand): string => {
    const { row, time } = vectorStrides(operand, frame.timeMajor)
    parameter(`${name}Start`, startOf(operand))
    parameter(`${name}Row`, row)
    parameter(`${name}Time`, time)
    return `${name}[p.${name}Start + row * p.${name}Row + time * p.${name}Time + i]`
  }

  for (const input of inputs) {
    const { name, operand } = input
    const isSequence = input.kind === 'sequence'
    const type = name === 'lengths' ? 'i32' : 'f32'
    let element = isSequence ? '0.0' : (input.otherwise ?? '0.0')
    const packedAt = packed.findIndex((each) => each === input)
    if (packedAt >= 0) {
      parameter(`${name}Start`, starts[packedAt]!)
      element = `bitcast<${type}>(packed[p.${name}Start + i])`
      key.push(`${name}:packed`)
    } else if (operand !== null) {
      reads[name] = type
      bindings.push(operand)
      if (isSequence) {
        element = sequence(name, operand)
      } else {
        parameter(`${name}Start`, startOf(operand))
        element = `${name}[p.${name}Start + i]`
      }
      key.push(name)
    }
    text.push(`fn ${name}At(${isSequence ? 'row: u32, time: u32, ' : ''}i: u32) -> ${type} { return ${element}; }`)
  }
  if (block !== undefined) {
    reads['packed'] = 'u32'
    bindings.push(block)
  }
  for (const output of outputs) {
    const { name } = output
    const bound = output.kind === 'state' ? output.bound : output.operand
    const indices = output.kind === 'sequence' ? 'row: u32, time: u32, i: u32' : 'i: u32'
    if (bound === null) {
      text.push(`fn ${name}Put(${indices}, value: f32) {}`)
      continue
    }
    writes[name] = 'f32'
    bindings.push(bound)
    let element: string
    if (output.kind === 'sequence') {
      element = sequence(name, output.operand!)
    } else {
      parameter(`${name}Start`, 'id' in bound ? 0 : startOf(bound))
      element = `${name}[p.${name}Start + i]`
    }
    text.push(
      `fn ${name}At(${indices}) -> f32 { return ${element}; }`,
      `fn ${name}Put(${indices}, value: f32) { ${element} = value; }`,
    )
    key.push(`${name}!`)
  }
  return { key: key.join(' '), reads, writes, parameters, wgsl: `${text.join('\n')}\n`, bindings, values }
}

/** Which operands are packed: no more groups than it takes to come down to `most` buffers. */
function choosePacked(given: readonly (SequenceOperand | SmallOperand)[], most: number): readonly SmallOperand[] {
  const small = given.filter((input) => input.kind === 'small')
  const groups = [
    small.filter((input) => input.pack === 'transposed'),
    small.filter((input) => input.pack === undefined),
    small.filter((input) => input.pack === 'last'),
  ]
  let packed = groups[0]!
  for (const group of groups.slice(1)) {
    if (given.length - packed.length + Math.min(packed.length, 1) <= most) break
    packed = [...packed, ...group]
  }
  return packed
}

/** Distances between the vectors of neighbouring rows of the batch, and of neighbouring times. */
function vectorStrides(operand: Operand, timeMajor: boolean): { readonly row: number; readonly time: number } {
  const { shape, rowLength = 0, rowStride = 0 } = operand
  const [, second = 0, width = 0] = shape
  let inner = width
  let outer = second * width
  if (!isContiguous(operand) && rowLength <= width) {
    inner = rowStride
    outer = second * rowStride
  } else if (!isContiguous(operand) && rowLength <= second * width) {
    outer = rowStride
  }
  return timeMajor ? { row: inner, time: outer } : { row: outer, time: inner }
}
