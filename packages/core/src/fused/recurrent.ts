// Whole sequences of the built-in cells, and of those with options that backends fuse, in one op, forward and backward.

import type { Cell, Parameters } from '../cells/cell.ts'
import { gruCell } from '../cells/gru.ts'
import { lstmCell } from '../cells/lstm.ts'
import { simpleCell, simpleReluCell } from '../cells/simple.ts'
import type {
  RecurrentAttributes,
  RecurrentKind,
  RecurrentVariantAttributes,
  RecurrentVariantKind,
} from '../contract/fused-ops.ts'
import type { FusedOp, FusedSignature } from '../contract/op-call.ts'
import type { OperandSignature } from '../contract/operand.ts'
import { execute, run } from '../execute.ts'
import { recorderOf } from '../recorder.ts'
import type { Shape } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { chooseFused, countFused, floatOf, signatureOf } from './choose.ts'
import { variantOf, type VariantForm } from './recurrent-variants.ts'

/** Blocks of `units` in `reserve` for each time step; 0 where the cell needs none. The layout is in `RecurrentForwardOp`. */
const RESERVE_BLOCKS: Readonly<Record<RecurrentKind | RecurrentVariantKind, number>> = {
  simpleTanh: 0,
  simpleRelu: 0,
  lstm: 5,
  coupledLstm: 4,
  gru: 4,
  gruResetBefore: 3,
}

const BUILT_IN: Readonly<Record<RecurrentKind, { readonly step: unknown }>> = {
  simpleTanh: simpleCell,
  simpleRelu: simpleReluCell,
  lstm: lstmCell,
  gru: gruCell,
}

/** Width of the reserve of one step, in elements. */
export function reserveWidth(cell: RecurrentKind | RecurrentVariantKind, units: number): number {
  return RESERVE_BLOCKS[cell] * units
}

type SequenceAttributes = RecurrentAttributes | RecurrentVariantAttributes

function isRecurrentKind(kind: string): kind is RecurrentKind {
  return Object.hasOwn(BUILT_IN, kind)
}

/** What `scan` has checked and made before it chooses how to run. Shapes as in `RecurrentForwardOp`. */
export interface PreparedScan {
  readonly cell: Cell
  readonly projected: Tensor
  readonly parameters: Parameters
  readonly units: number
  readonly initial: readonly Tensor[] | undefined
  readonly lengths: Tensor | undefined
  readonly reverse: boolean
  readonly timeMajor: boolean
  readonly hiddenMask: Tensor | undefined
  readonly zoneout: readonly (Tensor | number | undefined)[] | undefined
}

/** What `scan` gives. */
export interface ScanResult {
  /** The hidden state at every time step, `[B, T, H]` (`[T, B, H]` when time-major); zero past a row's end. */
  readonly sequence: Tensor
  /** The state at each row's end, `[B, width]` each. */
  readonly final: readonly Tensor[]
}

/** The cell and what sets it apart, as attributes of the op that runs it; undefined where no op does. */
function fusedForm({ kind, step }: Cell): Pick<RecurrentAttributes, 'cell'> | VariantForm | undefined {
  // `step` is the truth: a cell with equations of its own under a built-in name must not run as the built-in one.
  return isRecurrentKind(kind) && step === BUILT_IN[kind].step ? { cell: kind } : variantOf(step)
}

/** Runs a sequence as one op where cell and backend allow it; undefined where they don't. */
export function fusedScan(prepared: PreparedScan): ScanResult | undefined {
  const { cell, projected, parameters, units, initial, lengths, reverse, timeMajor, hiddenMask, zoneout } = prepared
  const { recurrent, recurrentBias, peephole } = parameters
  const form = fusedForm(cell)
  if (form === undefined || recurrent === undefined || zoneout !== undefined) return undefined

  const { kind } = cell
  const { backend } = projected
  const [batch, time] = batchAndTime(projected, timeMajor)
  const sequenceShape = [...projected.shape.slice(0, 2), units]
  const stateShape = [batch, units]
  const hasCell = cell.stateSizes(units).length > 1
  const inputs = [
    projected,
    recurrent,
    recurrentBias ?? null,
    initial?.[0] ?? null,
    initial?.[1] ?? null,
    lengths ?? null,
    hiddenMask ?? null,
    ...('gate' in form ? [peephole ?? null] : []),
  ]
  const attributes: SequenceAttributes = { ...form, reverse, timeMajor }
  const op = 'gate' in form ? 'recurrentVariantForward' : 'recurrentForward'
  const recorder = recorderOf(kind, inputs)
  const reserveSize = reserveWidth(form.cell, units)
  const reserveShape = [...projected.shape.slice(0, 2), reserveSize]
  const reserveWanted = recorder !== undefined && reserveSize > 0

  const signatures = inputs.map(signatureOf)
  const results = [
    floatOf(sequenceShape),
    floatOf(stateShape),
    hasCell ? floatOf(stateShape) : null,
    reserveWanted ? floatOf(reserveShape) : null,
  ]
  // The operands stand in the order of either op.
  const forward = { op, inputs: signatures, outputs: results, attributes } as unknown as FusedSignature
  if (!chooseFused(backend, forward, recorder && backwardSignature(signatures, results, attributes))) return undefined

  const sequence = allocateTensor(backend, sequenceShape, 'float32')
  const finalHidden = allocateTensor(backend, stateShape, 'float32')
  const finalCell = hasCell ? allocateTensor(backend, stateShape, 'float32') : null
  const reserve = reserveWanted ? allocateTensor(backend, reserveShape, 'float32') : null
  execute(
    { op, inputs, outputs: [sequence, finalHidden, finalCell, reserve], attributes } as unknown as FusedOp<Tensor>,
    `${kind} (${batch} × ${time} × ${units})`,
  )
  // A caller without a scope must not have to know about the reserve: the tape holds an alias of what it needs.
  reserve?.dispose()
  return { sequence, final: finalCell === null ? [finalHidden] : [finalHidden, finalCell] }
}

function batchAndTime(projected: Tensor, timeMajor: boolean): [batch: number, time: number] {
  const [first = 0, second = 0] = projected.shape
  return timeMajor ? [second, first] : [first, second]
}

function backwardSignature(
  inputs: readonly (OperandSignature | null)[],
  outputs: readonly (OperandSignature | null)[],
  attributes: SequenceAttributes,
): FusedSignature {
  const [projected, recurrent, , initialHidden, initialCell, lengths, hiddenMask, ...peephole] = inputs
  const [sequence, , , reserve] = outputs
  const states = [initialHidden, initialCell]
  const gates = floatOf(projected?.shape ?? [])
  return {
    op: backwardOp(attributes),
    inputs: [...outputs.slice(0, 3), sequence, reserve, recurrent, ...states, lengths, hiddenMask, ...peephole],
    outputs: [gates, attributes.cell === 'gru' ? gates : null, ...states.map((each) => each && floatOf(each.shape))],
    attributes,
  } as unknown as FusedSignature // operands in the order of either op
}

function backwardOp(attributes: SequenceAttributes): 'recurrentVariantBackward' | 'recurrentBackward' {
  return 'gate' in attributes ? 'recurrentVariantBackward' : 'recurrentBackward'
}

/** Gradients with respect to what entered the gates; see `RecurrentBackwardOp`. */
export interface RecurrentGradients {
  readonly projected: Tensor
  /** GRU only; elsewhere the same as `projected`. */
  readonly recurrentProduct: Tensor
  /** Null where forward had no initial state. */
  readonly initialHidden: Tensor | null
  readonly initialCell: Tensor | null
}

/** What the backward pass of a sequence needs of its forward pass. Shapes as in `RecurrentBackwardOp`. */
export interface RecurrentTrace {
  readonly attributes: RecurrentAttributes | RecurrentVariantAttributes
  readonly sequence: Tensor
  readonly reserve: Tensor | null
  readonly recurrent: Tensor
  readonly initialHidden: Tensor | null
  readonly initialCell: Tensor | null
  readonly lengths: Tensor | null
  readonly hiddenMask: Tensor | null
  /** Of a cell with options; null for all others. */
  readonly peephole: Tensor | null
}

/**
 * Runs the backward pass of a recorded sequence. For tapes.
 *
 * @param gradients with respect to the outputs of forward; null stands for zero
 */
export function recurrentBackward(
  trace: RecurrentTrace,
  gradients: readonly [sequence: Tensor | null, finalHidden: Tensor | null, finalCell: Tensor | null],
): RecurrentGradients {
  const { attributes, sequence, reserve, recurrent, initialHidden, initialCell, lengths, hiddenMask, peephole } = trace
  const { backend } = sequence
  const allocate = (shape: Shape): Tensor => allocateTensor(backend, shape, 'float32')
  const gateShape = [...sequence.shape.slice(0, 2), recurrent.shape[1] ?? 0]
  const gradProjected = allocate(gateShape)
  const gradProduct = attributes.cell === 'gru' ? allocate(gateShape) : null
  const gradInitialHidden = initialHidden && allocate(initialHidden.shape)
  const gradInitialCell = initialCell && allocate(initialCell.shape)
  const op = backwardOp(attributes)
  const inputs = [...gradients, sequence, reserve, recurrent, initialHidden, initialCell, lengths, hiddenMask]
  countFused(backend, op, true)
  run(
    {
      op,
      inputs: 'gate' in attributes ? [...inputs, peephole] : inputs,
      outputs: [gradProjected, gradProduct, gradInitialHidden, gradInitialCell],
      attributes,
    } as unknown as FusedOp<Tensor>, // operands in the order of either op
    `${attributes.cell} backward`,
  )
  return {
    projected: gradProjected,
    recurrentProduct: gradProduct ?? gradProjected,
    initialHidden: gradInitialHidden,
    initialCell: gradInitialCell,
  }
}
