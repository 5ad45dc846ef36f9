// Whole sequences of the built-in cells in one op, forward and backward.

import type { Cell, Parameters } from '../cells/cell.ts'
import { gruCell } from '../cells/gru.ts'
import { lstmCell } from '../cells/lstm.ts'
import { simpleCell, simpleReluCell } from '../cells/simple.ts'
import type {
  RecurrentAttributes,
  RecurrentBackwardOp,
  RecurrentForwardOp,
  RecurrentKind,
} from '../contract/fused-ops.ts'
import type { OperandSignature } from '../contract/operand.ts'
import { execute, run } from '../execute.ts'
import { recorderOf } from '../recorder.ts'
import type { Shape } from '../shape.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { chooseFused, countFused, floatOf, signatureOf } from './choose.ts'

/** Blocks of `units` in `reserve` for each time step; 0 where the cell needs none. The layout is in `RecurrentForwardOp`. */
const RESERVE_BLOCKS: Readonly<Record<RecurrentKind, number>> = { simpleTanh: 0, simpleRelu: 0, lstm: 5, gru: 4 }

const BUILT_IN: Readonly<Record<RecurrentKind, { readonly step: unknown }>> = {
  simpleTanh: simpleCell,
  simpleRelu: simpleReluCell,
  lstm: lstmCell,
  gru: gruCell,
}

/** Width of the reserve of one step, in elements. */
export function reserveWidth(cell: RecurrentKind, units: number): number {
  return RESERVE_BLOCKS[cell] * units
}

function isRecurrentKind(kind: string): kind is RecurrentKind {
  return Object.hasOwn(RESERVE_BLOCKS, kind)
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

/** Runs a sequence as one op where cell and backend allow it; undefined where they don't. */
export function fusedScan(prepared: PreparedScan): ScanResult | undefined {
  const { cell, projected, parameters, units, initial, lengths, reverse, timeMajor, hiddenMask, zoneout } = prepared
  const { recurrent, recurrentBias } = parameters
  const { kind } = cell
  if (!isRecurrentKind(kind) || recurrent === undefined || zoneout !== undefined) return undefined
  // `step` is the truth: a cell with equations of its own under a built-in name must not run as the built-in one.
  if (cell.step !== BUILT_IN[kind].step) return undefined

  const { backend } = projected
  const [batch, time] = batchAndTime(projected, timeMajor)
  const sequenceShape = [...projected.shape.slice(0, 2), units]
  const stateShape = [batch, units]
  const isLstm = kind === 'lstm'
  const inputs = [
    projected,
    recurrent,
    recurrentBias ?? null,
    initial?.[0] ?? null,
    initial?.[1] ?? null,
    lengths ?? null,
    hiddenMask ?? null,
  ] as const
  const attributes: RecurrentAttributes = { cell: kind, reverse, timeMajor }
  const recorder = recorderOf(kind, inputs)
  const reserveShape = [...projected.shape.slice(0, 2), reserveWidth(kind, units)]
  const reserveWanted = recorder !== undefined && reserveWidth(kind, units) > 0

  const forward: RecurrentForwardOp<OperandSignature> = {
    op: 'recurrentForward',
    inputs: inputs.map(signatureOf) as unknown as RecurrentForwardOp<OperandSignature>['inputs'], // same length, same order
    outputs: [
      floatOf(sequenceShape),
      floatOf(stateShape),
      isLstm ? floatOf(stateShape) : null,
      reserveWanted ? floatOf(reserveShape) : null,
    ],
    attributes,
  }
  if (!chooseFused(backend, forward, recorder && backwardSignature(forward))) return undefined

  const sequence = allocateTensor(backend, sequenceShape, 'float32')
  const finalHidden = allocateTensor(backend, stateShape, 'float32')
  const finalCell = isLstm ? allocateTensor(backend, stateShape, 'float32') : null
  const reserve = reserveWanted ? allocateTensor(backend, reserveShape, 'float32') : null
  execute(
    { op: 'recurrentForward', inputs, outputs: [sequence, finalHidden, finalCell, reserve], attributes },
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

function backwardSignature(forward: RecurrentForwardOp<OperandSignature>): RecurrentBackwardOp<OperandSignature> {
  const [projected, recurrent, , initialHidden, initialCell, lengths, hiddenMask] = forward.inputs
  const [sequence, finalHidden, finalCell, reserve] = forward.outputs
  return {
    op: 'recurrentBackward',
    inputs: [
      sequence,
      finalHidden,
      finalCell,
      sequence,
      reserve,
      recurrent,
      initialHidden,
      initialCell,
      lengths,
      hiddenMask,
    ],
    outputs: [
      floatOf(projected.shape),
      forward.attributes.cell === 'gru' ? floatOf(projected.shape) : null,
      initialHidden && floatOf(initialHidden.shape),
      initialCell && floatOf(initialCell.shape),
    ],
    attributes: forward.attributes,
  }
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
  readonly attributes: RecurrentAttributes
  readonly sequence: Tensor
  readonly reserve: Tensor | null
  readonly recurrent: Tensor
  readonly initialHidden: Tensor | null
  readonly initialCell: Tensor | null
  readonly lengths: Tensor | null
  readonly hiddenMask: Tensor | null
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
  const { attributes, sequence, reserve, recurrent, initialHidden, initialCell, lengths, hiddenMask } = trace
  const { backend } = sequence
  const allocate = (shape: Shape): Tensor => allocateTensor(backend, shape, 'float32')
  const gateShape = [...sequence.shape.slice(0, 2), recurrent.shape[1] ?? 0]
  const gradProjected = allocate(gateShape)
  const gradProduct = attributes.cell === 'gru' ? allocate(gateShape) : null
  const gradInitialHidden = initialHidden && allocate(initialHidden.shape)
  const gradInitialCell = initialCell && allocate(initialCell.shape)
  countFused(backend, 'recurrentBackward', true)
  run(
    {
      op: 'recurrentBackward',
      inputs: [...gradients, sequence, reserve, recurrent, initialHidden, initialCell, lengths, hiddenMask],
      outputs: [gradProjected, gradProduct, gradInitialHidden, gradInitialCell],
      attributes,
    },
    `${attributes.cell} backward`,
  )
  return {
    projected: gradProjected,
    recurrentProduct: gradProduct ?? gradProjected,
    initialHidden: gradInitialHidden,
    initialCell: gradInitialCell,
  }
}
