// The one door through which core's ops reach a backend: checks, strides that a kernel doesn't take, recording.

import { submit } from './capture.ts'
import type { OpCall, OpName, OpOf } from './contract/op-call.ts'
import { recorderOf } from './recorder.ts'
import { sameShape } from './shape.ts'
import type { Storage } from './storage.ts'
import { assertSameBackend, assertUsable, contiguousCopy, operandOf, type Tensor } from './tensor.ts'

/**
 * Runs an op on tensors whose shapes fit, and records it where an input is tracked. `operation` is its name in messages. The outputs are new: after an
 * error nobody has them, and they are freed.
 */
export function execute(call: OpOf<Tensor>, operation: string = call.op): void {
  try {
    const recorder = recorderOf(operation, call.inputs)
    run(call, operation)
    recorder?.record(call, operation)
  } catch (error) {
    for (const output of call.outputs) output?.dispose()
    throw error
  }
}

/** As `execute`, without recording, and without a claim on the outputs: for backward passes and for what is written in place. */
export function run(call: OpOf<Tensor>, operation: string = call.op): void {
  const first = call.outputs.find((tensor) => tensor !== null) ?? call.inputs.find((tensor) => tensor !== null)
  if (first === undefined || first === null) return
  const tensors: readonly (Tensor | null)[] = [...call.inputs, ...call.outputs]
  for (const tensor of tensors) {
    if (tensor === null) continue
    assertUsable(operation, tensor)
    assertSameBackend(operation, first, tensor)
  }

  const copies: Tensor[] = []
  const inputs = call.inputs.map((tensor, index) => {
    if (tensor === null) return null
    const fits = tensor.placement.rows === undefined || takesRows(call, index)
    if (fits && !isWritten(call, tensor.storage)) return operandOf(tensor)
    const copy = contiguousCopy(tensor)
    copies.push(copy)
    return operandOf(copy)
  })
  const outputs = call.outputs.map((tensor) => tensor && operandOf(tensor))
  try {
    // The operands stand where the tensors of the typed call stood.
    submit(first.backend, { op: call.op, inputs, outputs, attributes: call.attributes } as unknown as OpCall)
  } finally {
    for (const copy of copies) copy.dispose()
  }
  for (const output of call.outputs) if (output !== null) output.storage.version++
}

/** Whether an output lies in this storage. The contract keeps inputs and outputs in different buffers: such an input is copied. */
function isWritten(call: OpOf<Tensor>, storage: Storage): boolean {
  for (const output of call.outputs) if (output?.storage === storage) return true
  return false
}

/** Inputs that kernels take with rows: all of these ops, or the numbered inputs (the sequences of the recurrent ops). */
const ROWS: Partial<Record<OpName, 'all' | 'unbroadcast' | readonly number[]>> = {
  copy: 'all',
  unary: 'all',
  matmul: 'all',
  binary: 'unbroadcast',
  select: 'unbroadcast',
  recurrentForward: [0],
  recurrentBackward: [0, 3],
  recurrentVariantForward: [0],
  recurrentVariantBackward: [0, 3],
}

function takesRows(call: OpOf<Tensor>, index: number): boolean {
  const rows = ROWS[call.op]
  if (rows === undefined) return false
  if (rows === 'all') return true
  if (rows === 'unbroadcast') {
    const [output] = call.outputs
    const input = call.inputs[index]
    return input != null && output != null && sameShape(input.shape, output.shape)
  }
  return rows.includes(index)
}
