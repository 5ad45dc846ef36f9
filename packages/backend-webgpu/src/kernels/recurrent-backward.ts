// recurrentBackward: the gradients of a whole sequence, in one walk from each row's end to its start, or in one dispatch for each step.

import type { Kernel } from '../kernel.ts'
import { planRecurrent } from '../recurrent-plan.ts'
import { stepBackward } from './recurrent-backward-step.ts'
import { walkBackward } from './recurrent-backward-walk.ts'
import type { Frame, SequenceOperand, SmallOperand } from './recurrent-wiring.ts'

export const recurrentBackward: Kernel<'recurrentBackward'> = (call, gpu) => {
  const [gradSequence, gradFinalHidden, gradFinalCell, sequence, reserve, recurrent] = call.inputs
  const [, , , , , , initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const { cell, reverse, timeMajor } = call.attributes
  const [first = 0, second = 0, units = 0] = sequence.shape
  const [rows, steps] = timeMajor ? [second, first] : [first, second]
  const frame: Frame = { rows, steps, units, timeMajor, reverse }
  const plan = planRecurrent({ cell, batch: rows, steps, units, backward: true }, gpu.offer)
  const lstm = cell === 'lstm'
  const transposed = plan.way === 'walk' && plan.weights === 'stream'
  // The cells need different things: what one does not read is not bound.
  const inputs: readonly (SequenceOperand | SmallOperand)[] = [
    { kind: 'sequence', name: 'gradSequence', operand: gradSequence },
    { kind: 'sequence', name: 'sequence', operand: lstm ? null : sequence },
    { kind: 'sequence', name: 'reserve', operand: reserve },
    { kind: 'small', name: 'recurrent', operand: recurrent, pack: transposed ? 'transposed' : 'last' },
    { kind: 'small', name: 'gradFinalHidden', operand: gradFinalHidden },
    { kind: 'small', name: 'gradFinalCell', operand: lstm ? gradFinalCell : null },
    { kind: 'small', name: 'initialHidden', operand: cell === 'gru' ? initialHidden : null },
    { kind: 'small', name: 'initialCell', operand: lstm ? initialCell : null },
    { kind: 'small', name: 'lengths', operand: lengths, otherwise: 'i32(p.steps)' },
    { kind: 'small', name: 'hiddenMask', operand: hiddenMask, otherwise: '1.0' },
  ]
  if (plan.way === 'walk') walkBackward(gpu, cell, plan, frame, inputs, call.outputs)
  else stepBackward(gpu, cell, plan, frame, inputs, call.outputs)
}
