// The ops of the Backend contract: plain, cloneable, immutable data. Each is described in primitive-ops.ts or fused-ops.ts.
//
// `T` is `Operand` in a call, `OperandSignature` in a question to `supports`, and `Tensor` in a record of differentiation.

import type {
  AdamStepOp,
  CrossEntropyBackwardOp,
  CrossEntropyForwardOp,
  LayerNormBackwardOp,
  LayerNormForwardOp,
  LinearScanBackwardOp,
  LinearScanForwardOp,
  RecurrentBackwardOp,
  RecurrentForwardOp,
  RecurrentVariantBackwardOp,
  RecurrentVariantForwardOp,
  RmspropStepOp,
  SgdStepOp,
  SumOfSquaresOp,
} from './fused-ops.ts'
import type { BufferHandle, Operand, OperandSignature } from './operand.ts'
import type {
  ArgmaxOp,
  BinaryOp,
  ConcatOp,
  CopyOp,
  FillOp,
  GatherOp,
  MatmulOp,
  PadOp,
  RandomOp,
  ReduceOp,
  ScatterAddOp,
  SelectOp,
  SoftmaxOp,
  TopKOp,
  TransposeOp,
  UnaryOp,
} from './primitive-ops.ts'

/** Ops that every backend must run. */
export type PrimitiveOp<T> =
  | FillOp<T>
  | CopyOp<T>
  | UnaryOp<T>
  | BinaryOp<T>
  | SelectOp<T>
  | ReduceOp<T>
  | ArgmaxOp<T>
  | TopKOp<T>
  | MatmulOp<T>
  | TransposeOp<T>
  | ConcatOp<T>
  | PadOp<T>
  | GatherOp<T>
  | ScatterAddOp<T>
  | SoftmaxOp<T>
  | RandomOp<T>

/** Ops that a backend may run; core has a composite for each. */
export type FusedOp<T> =
  | RecurrentForwardOp<T>
  | RecurrentBackwardOp<T>
  | RecurrentVariantForwardOp<T>
  | RecurrentVariantBackwardOp<T>
  | LinearScanForwardOp<T>
  | LinearScanBackwardOp<T>
  | CrossEntropyForwardOp<T>
  | CrossEntropyBackwardOp<T>
  | LayerNormForwardOp<T>
  | LayerNormBackwardOp<T>
  | SumOfSquaresOp<T>
  | SgdStepOp<T>
  | RmspropStepOp<T>
  | AdamStepOp<T>

/** An op over any description of its operands. */
export type OpOf<T> = PrimitiveOp<T> | FusedOp<T>

/** An op to run now. */
export type OpCall = OpOf<Operand>

/** An op as a question: shapes, dtypes and attributes without buffers. Every `OpCall` is one. */
export type OpSignature = OpOf<OperandSignature>

/** A fused op as a question. */
export type FusedSignature = FusedOp<OperandSignature>

/** The name of any op. */
export type OpName = OpCall['op']
/** The name of an op that every backend runs. */
export type PrimitiveName = PrimitiveOp<Operand>['op']
/** The name of an op that a backend may run. */
export type FusedName = FusedOp<Operand>['op']

/** The fused ops by name, in the order of the contract. */
export const FUSED_OPS: readonly FusedName[] = [
  'recurrentForward',
  'recurrentBackward',
  'recurrentVariantForward',
  'recurrentVariantBackward',
  'linearScanForward',
  'linearScanBackward',
  'crossEntropyForward',
  'crossEntropyBackward',
  'layerNormForward',
  'layerNormBackward',
  'sumOfSquares',
  'sgdStep',
  'rmspropStep',
  'adamStep',
]

/**
 * Outputs that the op also reads (in place): all of them for the optimiser steps and scatterAdd, the one output of copy and matmul when they accumulate. In every
 * other op no input shares a buffer with an output.
 */
export function writesInPlace(call: OpSignature): boolean {
  switch (call.op) {
    case 'copy':
    case 'matmul':
      return call.attributes.accumulate
    case 'scatterAdd':
    case 'sgdStep':
    case 'rmspropStep':
    case 'adamStep':
      return true
    default:
      return false
  }
}

/** Buffers of a call, inputs first; a buffer that serves several operands comes several times. */
export function buffersOf(call: OpCall): BufferHandle[] {
  const operands: readonly (Operand | null)[] = [...call.inputs, ...call.outputs]
  return operands.flatMap((operand) => (operand === null ? [] : [operand.buffer]))
}
