// Whole sequences of a recurrent cell, forward and backward: the weights packed, then one command.

import type { Operand, RecurrentKind } from '@rnn/core'
import { addressOf, addressOrZero } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'
import type { Machine } from '../machine.ts'
import { strideAt } from '../strides.ts'

// The numbers of assembly/recurrent-forward.ts.
const CELLS: { readonly [Kind in RecurrentKind]: number } = { simpleTanh: 0, simpleRelu: 1, lstm: 2, gru: 3 }
const GATES: { readonly [Kind in RecurrentKind]: number } = { simpleTanh: 1, simpleRelu: 1, lstm: 4, gru: 3 }

/** Up to this many rows a product is faster with the weights where they lie; more, if there are no steps over which packing would pay. */
const FEW_ROWS = 3
const FEW_ROWS_OF_A_STEP = 8

export const recurrentForward: Kernel<'recurrentForward'> = (call, machine) => {
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
  const weights = few ? undefined : packedWeights(machine, recurrent, units, GATES[cell], false)
  const width = GATES[cell] * units
  const widePanels = few ? machine.panels.find(recurrent, units, width, width, 1) : 0
  const scratch = machine.exports.recurrentForwardScratch(batch, steps, units, GATES[cell], hiddenMask ? 1 : 0)
  machine.begin(parts, scratch)
  machine
    .int(CELLS[cell])
    .int(batch)
    .int(steps)
    .int(units)
    .int(reverse ? 1 : 0)
  layout(machine, projected, timeMajor)
  layout(machine, sequence, timeMajor)
  layout(machine, reserve, timeMajor)
  machine.int(weights?.pointer ?? 0)
  for (const operand of [recurrentBias, initialHidden, initialCell, lengths, hiddenMask, finalHidden, finalCell]) {
    machine.int(addressOrZero(operand, machine))
  }
  machine.int(addressOf(recurrent, machine)).int(widePanels)
  machine.run('recurrentForward')
  if (weights) machine.memory.give(weights)
}

export const recurrentBackward: Kernel<'recurrentBackward'> = (call, machine) => {
  const [gradSequence, gradFinalHidden, gradFinalCell, sequence, reserve, recurrent] = call.inputs
  const [, , , , , , initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const [gradProjected, gradRecurrentProduct, gradInitialHidden, gradInitialCell] = call.outputs
  const { cell, reverse, timeMajor } = call.attributes
  const units = sequence.shape[2]!
  const batch = sequence.shape[timeMajor ? 1 : 0]!
  const steps = sequence.shape[timeMajor ? 0 : 1]!
  if (batch * units === 0) return
  const parts = partsFor(machine, batch, steps, units)
  const weights = packedWeights(machine, recurrent, units, GATES[cell], true)
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
  machine.int(weights.pointer)
  for (const operand of [gradFinalHidden, gradFinalCell, initialHidden, initialCell, lengths, hiddenMask]) {
    machine.int(addressOrZero(operand, machine))
  }
  layout(machine, gradProjected, timeMajor)
  layout(machine, gradRecurrentProduct, timeMajor)
  machine.int(addressOrZero(gradInitialHidden, machine)).int(addressOrZero(gradInitialCell, machine))
  machine.run('recurrentBackward')
  machine.memory.give(weights)
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

/** The recurrent weights in panels; whoever asks gives the block back. */
function packedWeights(
  machine: Machine,
  recurrent: Operand,
  units: number,
  gates: number,
  backward: boolean,
): ReturnType<Machine['memory']['take']> {
  const padded = Math.ceil(units / 8) * 8
  const block = machine.memory.take(padded * units * gates * 4, machine.operation)
  const parts = machine.partsFor(units * units * gates)
  machine
    .begin(parts)
    .int(addressOf(recurrent, machine))
    .int(units)
    .int(gates)
    .int(block.pointer)
    .int(backward ? 1 : 0)
  machine.run('packRecurrent')
  return block
}
