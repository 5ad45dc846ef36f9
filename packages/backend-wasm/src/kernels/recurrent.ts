// Whole sequences of a recurrent cell, forward and backward: the weights packed, then one command.

import type { Operand, RecurrentKind, RecurrentVariantAttributes, RecurrentVariantKind } from '@rnn/core'
import { addressOf, addressOrZero } from '../kernel.ts'
import type { CallOf, Kernel } from '../kernel.ts'
import type { Machine } from '../machine.ts'
import { strideAt } from '../strides.ts'

type CellName = RecurrentKind | RecurrentVariantKind

// The numbers of assembly/gates-forward.ts, and the bits of assembly/gates-variant.ts.
const CELLS: { readonly [Kind in CellName]: number } = {
  simpleTanh: 0,
  simpleRelu: 1,
  lstm: 2,
  coupledLstm: 2,
  gru: 3,
  gruResetBefore: 4,
}
const GATES: { readonly [Kind in CellName]: number } = {
  simpleTanh: 1,
  simpleRelu: 1,
  lstm: 4,
  coupledLstm: 3,
  gru: 3,
  gruResetBefore: 3,
}
const [HARD, COUPLED, PEEPHOLES] = [1, 2, 4]

/** Up to this many rows a product is faster with the weights where they lie; more, if there are no steps over which packing would pay. */
const FEW_ROWS = 3
const FEW_ROWS_OF_A_STEP = 8

/** What sets the cell apart from the usual one, in bits. */
function variantOf({ cell, gate }: RecurrentVariantAttributes, peephole: Operand | null): number {
  return (gate === 'hardSigmoid' ? HARD : 0) | (cell === 'coupledLstm' ? COUPLED : 0) | (peephole ? PEEPHOLES : 0)
}

export const recurrentForward: Kernel<'recurrentForward'> = (call, machine) => runForward(call, 0, null, machine)

export const recurrentVariantForward: Kernel<'recurrentVariantForward'> = (call, machine) => {
  const peephole = call.inputs[7]
  runForward(call, variantOf(call.attributes, peephole), peephole, machine)
}

function runForward(
  call: CallOf<'recurrentForward' | 'recurrentVariantForward'>,
  variant: number,
  peephole: Operand | null,
  machine: Machine,
): void {
  const [projected, recurrent, recurrentBias, initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const [sequence, finalHidden, finalCell, reserve] = call.outputs
  const { cell, reverse, timeMajor } = call.attributes
  const units = sequence.shape[2]!
  const batch = sequence.shape[timeMajor ? 1 : 0]!
  const steps = sequence.shape[timeMajor ? 0 : 1]!
  if (batch * units === 0) return
  const parts = partsFor(machine, batch, steps, units)
  const rows = Math.ceil(batch / parts)
  const few = rows <= FEW_ROWS || (steps <= 2 && rows <= FEW_ROWS_OF_A_STEP)
  const width = GATES[cell] * units
  const widePanels = few && cell !== 'gruResetBefore' ? machine.panels.find(recurrent, units, width, width, 1) : 0
  const scratch = machine.exports.recurrentForwardScratch(batch, steps, units, GATES[cell], hiddenMask ? 1 : 0)
  const run = (weights: number): void => {
    machine
      .begin(parts, scratch)
      .int(CELLS[cell])
      .int(batch)
      .int(steps)
      .int(units)
      .int(reverse ? 1 : 0)
    layout(machine, projected, timeMajor)
    layout(machine, sequence, timeMajor)
    layout(machine, reserve, timeMajor)
    machine.int(weights)
    for (const operand of [recurrentBias, initialHidden, initialCell, lengths, hiddenMask, finalHidden, finalCell]) {
      machine.int(addressOrZero(operand, machine))
    }
    machine.int(addressOf(recurrent, machine)).int(widePanels).int(variant).int(addressOrZero(peephole, machine))
    machine.run('recurrentForward')
  }
  if (few) run(0)
  else withPackedWeights(machine, recurrent, units, GATES[cell], false, run)
}

export const recurrentBackward: Kernel<'recurrentBackward'> = (call, machine) => runBackward(call, 0, null, machine)

export const recurrentVariantBackward: Kernel<'recurrentVariantBackward'> = (call, machine) => {
  const peephole = call.inputs[10]
  runBackward(call, variantOf(call.attributes, peephole), peephole, machine)
}

function runBackward(
  call: CallOf<'recurrentBackward' | 'recurrentVariantBackward'>,
  variant: number,
  peephole: Operand | null,
  machine: Machine,
): void {
  const [gradSequence, gradFinalHidden, gradFinalCell, sequence, reserve, recurrent] = call.inputs
  const [, , , , , , initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const [gradProjected, gradRecurrentProduct, gradInitialHidden, gradInitialCell] = call.outputs
  const { cell, reverse, timeMajor } = call.attributes
  const units = sequence.shape[2]!
  const batch = sequence.shape[timeMajor ? 1 : 0]!
  const steps = sequence.shape[timeMajor ? 0 : 1]!
  if (batch * units === 0) return
  const parts = partsFor(machine, batch, steps, units)
  withPackedWeights(machine, recurrent, units, GATES[cell], true, (weights) => {
    machine.begin(parts, machine.exports.recurrentBackwardScratch(batch, steps, units))
    machine
      .int(CELLS[cell])
      .int(batch)
      .int(steps)
      .int(units)
      .int(reverse ? 1 : 0)
    layout(machine, gradSequence, timeMajor)
    layout(machine, sequence, timeMajor)
    layout(machine, reserve, timeMajor)
    machine.int(weights)
    for (const operand of [gradFinalHidden, gradFinalCell, initialHidden, initialCell, lengths, hiddenMask]) {
      machine.int(addressOrZero(operand, machine))
    }
    layout(machine, gradProjected, timeMajor)
    layout(machine, gradRecurrentProduct, timeMajor)
    machine.int(addressOrZero(gradInitialHidden, machine)).int(addressOrZero(gradInitialCell, machine))
    machine.int(variant).int(addressOrZero(peephole, machine))
    machine.run('recurrentBackward')
  })
}

/** The batch is what is divided; a part without rows would have nothing to do. */
function partsFor(machine: Machine, batch: number, steps: number, units: number): number {
  return Math.min(batch, machine.partsFor(batch * steps * units * units))
}

/** Address of a sequence, and the distances between rows of the batch and between time steps. */
function layout(machine: Machine, operand: Operand | null, timeMajor: boolean): void {
  if (operand === null) {
    machine.int(0).int(0).int(0)
    return
  }
  const outer = strideAt(operand, 0)
  const inner = strideAt(operand, 1)
  machine
    .int(addressOf(operand, machine))
    .int(timeMajor ? inner : outer)
    .int(timeMajor ? outer : inner)
}

/** Packs the recurrent weights in panels for as long as `use` runs. */
function withPackedWeights(
  machine: Machine,
  recurrent: Operand,
  units: number,
  gates: number,
  backward: boolean,
  use: (weights: number) => void,
): void {
  const padded = Math.ceil(units / 8) * 8
  machine.memory.borrow(padded * units * gates * 4, machine.operation, (weights) => {
    machine
      .begin(machine.partsFor(units * units * gates))
      .int(addressOf(recurrent, machine))
      .int(units)
      .int(gates)
    machine
      .int(weights)
      .int(backward ? 1 : 0)
      .run('packRecurrent')
    use(weights)
  })
}
