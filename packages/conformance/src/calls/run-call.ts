// Runs one call on a backend and compares every byte that it should and should not have written.

import {
  FUSED_OPS,
  sizeOf,
  viewAs,
  writesInPlace,
  type Backend,
  type BufferHandle,
  type FusedName,
  type FusedSignature,
  type OpCall,
  type Operand,
} from '@rnn/core'
import { boundsOf } from '../bounds/bounds-of.ts'
import { NotApplicable, type CaseContext } from '../case.ts'
import { check, compare, fail } from '../check.ts'
import type { HostCall, HostTensor } from '../host-tensor.ts'
import { evaluate } from '../reference/evaluate.ts'
import type { Layout } from './layouts.ts'
import {
  cloned,
  elementAt,
  extentOf,
  hostOf,
  mapOperands,
  operandIn,
  type CallSpec,
  type OperandSpec,
} from './operands.ts'

/** Fills all memory that no operand covers: a NaN as float32, far out of any range as int32. Reading it shows; writing it shows too. */
const GUARD = 0x7fc0dead

/** Elements after the last one of an operand. */
const TAIL = 3

/** A buffer of the call with what it holds before and, where an output lies in it, what it must hold after. */
interface Placed {
  readonly buffer: BufferHandle
  readonly words: Int32Array
}

/** True for two float32 NaNs: one value, whose sign and payload engines choose anew when they compile a kernel better. */
function bothNaN(a: number, b: number): boolean {
  return (a & 0x7fff_ffff) > 0x7f80_0000 && (b & 0x7fff_ffff) > 0x7f80_0000
}

/**
 * Runs a call and compares its outputs with the reference. Inputs, and everything around the outputs, must stay as they were; a second run of the same
 * call must give the same bits.
 */
export async function runCall(context: CaseContext, spec: CallSpec, layout: Layout = 'plain'): Promise<void> {
  const { backend } = context
  if (isFused(spec)) requireFused(context, spec)

  const expected = mapOperands<OperandSpec, HostTensor>(spec, hostOf)
  const before = expected.outputs.map((each) => each && { ...each, values: each.values.slice() })
  evaluate(expected)
  const bounds = boundsOf(expected, before)

  const { call, placed } = place(backend, spec, layout)
  try {
    const runsBefore = await runsOf(backend, call.op)
    freeze(call)
    backend.run(cloned(call))
    const first = readAll(backend, placed)
    const inPlace = writesInPlace(call)
    if (!inPlace) backend.run(call)
    const second = readAll(backend, placed)
    const [after, again] = [await first, await second]
    const runsAfter = await runsOf(backend, call.op)
    const wanted = inPlace ? 1 : 2
    check(
      runsAfter - runsBefore === wanted,
      `${call.op} ran ${wanted} times, but stats().runs went from ${runsBefore} to ${runsAfter}`,
    )

    checkOutputs(context, spec, call, expected, bounds, placed, after)
    checkUntouched(spec, call, placed, after)
    if (!inPlace) {
      after.forEach((words, i) => {
        const different = words.findIndex((word, at) => word !== again[i]![at] && !bothNaN(word, again[i]![at]!))
        check(different === -1, `the same call gave other bits the second time, at word ${different} of buffer ${i}`)
      })
    }
  } finally {
    for (const { buffer } of placed) backend.release(buffer)
  }
}

/** Allocates and writes the buffers of a call. */
function place(backend: Backend, spec: CallSpec, layout: Layout): { readonly call: OpCall; readonly placed: Placed[] } {
  const placed: Placed[] = []
  const buffer = (words: Int32Array): BufferHandle => {
    const handle = backend.allocate(words.byteLength, 'transient')
    backend.write(handle, words)
    placed.push({ buffer: handle, words })
    return handle
  }
  const own = (operand: OperandSpec): Operand => {
    const words = new Int32Array(operand.offset + extentOf(operand) + TAIL).fill(GUARD)
    store(operand, words, operand.offset)
    return operandIn(operand, buffer(words), operand.offset)
  }
  if (layout !== 'shared') return { call: mapOperands<OperandSpec, Operand>(spec, own), placed }

  let total = 1
  const starts = spec.inputs.map((operand) => {
    const start = total
    if (operand !== null) total += extentOf(operand) + TAIL
    return start
  })
  const words = new Int32Array(total).fill(GUARD)
  spec.inputs.forEach((operand, i) => operand && store(operand, words, starts[i]!))
  const shared = buffer(words)
  return {
    call: mapOperands<OperandSpec, Operand>(spec, (operand, i) => operandIn(operand, shared, starts[i]!), own),
    placed,
  }
}

function store(operand: OperandSpec, words: Int32Array, start: number): void {
  const floats = new Float32Array(words.buffer)
  operand.values?.forEach((value, i) => {
    if (operand.dtype === 'float32') floats[start + elementAt(operand, i)] = value
    else words[start + elementAt(operand, i)] = value
  })
}

async function readAll(backend: Backend, placed: readonly Placed[]): Promise<Int32Array[]> {
  const bytes = await backend.read(
    placed.map(({ buffer, words }) => ({ buffer, byteOffset: 0, byteLength: words.byteLength })),
  )
  check(bytes.length === placed.length, `read of ${placed.length} ranges gave ${bytes.length} arrays`)
  return bytes.map((each) => viewAs('int32', each))
}

async function runsOf(backend: Backend, op: OpCall['op']): Promise<number> {
  await backend.sync()
  return backend.stats().runs[op] ?? 0
}

function checkOutputs(
  context: CaseContext,
  spec: CallSpec,
  call: OpCall,
  expected: HostCall,
  bounds: ReturnType<typeof boundsOf>,
  placed: readonly Placed[],
  after: readonly Int32Array[],
): void {
  const many = spec.outputs.length > 1
  spec.outputs.forEach((output, index) => {
    const operand = call.outputs[index]
    const bound = bounds[index]
    if (output === null || operand == null || bound == null) return
    const words = after[placed.findIndex(({ buffer }) => buffer === operand.buffer)]!
    const source = output.dtype === 'float32' ? new Float32Array(words.buffer, words.byteOffset, words.length) : words
    const start = operand.byteOffset / 4
    const got = Float64Array.from({ length: sizeOf(output.shape) }, (_, i) => source[start + elementAt(output, i)]!)
    const outcome = compare(many ? `${call.op} output ${index}` : call.op, got, expected.outputs[index]!, bound)
    context.note(outcome)
  })
}

/** Everything but the elements of the outputs must be as it was. */
function checkUntouched(spec: CallSpec, call: OpCall, placed: readonly Placed[], after: readonly Int32Array[]): void {
  placed.forEach(({ buffer, words }, i) => {
    const written = new Set<number>()
    call.outputs.forEach((operand, index) => {
      if (operand?.buffer !== buffer) return
      const output = spec.outputs[index]!
      for (let e = 0; e < sizeOf(output.shape); e++) written.add(operand.byteOffset / 4 + elementAt(output, e))
    })
    const changed = words.findIndex((word, at) => word !== after[i]![at] && !written.has(at))
    if (changed === -1) return
    const isOutput = call.outputs.some((operand) => operand?.buffer === buffer)
    fail(
      `${call.op} changed word ${changed} of ${isOutput ? 'an output buffer, outside the output (offset, gap between rows, or past the end)' : 'an input'}`,
    )
  })
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  Object.freeze(value)
  Object.values(value).forEach(freeze)
}

function isFused(spec: CallSpec): spec is CallSpec & FusedSignature {
  return FUSED.has(spec.op as FusedName)
}

const FUSED: ReadonlySet<FusedName> = /* @__PURE__ */ new Set(FUSED_OPS)

/** A fused op runs here, or the case does not apply; where it is declared it must run. */
function requireFused(context: CaseContext, spec: CallSpec & FusedSignature): void {
  const question = mapOperands<OperandSpec, Operand>(spec, (operand) =>
    operandIn(operand, 1 as BufferHandle, operand.offset),
  ) as FusedSignature
  const answer = context.backend.supports(question)
  const again = context.backend.supports(question)
  check((answer === true) === (again === true), `supports(${spec.op}) answered differently the second time`)
  if (answer === true) return
  check(
    typeof answer.reason === 'string' && answer.reason !== '',
    `supports(${spec.op}) gave neither true nor a reason`,
  )
  if (!context.declared.has(spec.op)) throw new NotApplicable(answer.reason)
  fail(`${spec.op} is declared, but supports() refuses it: ${answer.reason}`)
}
