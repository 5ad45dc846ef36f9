// recurrentForward: a whole sequence of a recurrent cell, in one dispatch or one for each step.

import type { Kernel } from '../kernel.ts'
import { planRecurrent } from '../recurrent-plan.ts'
import { walkForward } from './recurrent-forward-walk.ts'
import { stepForward } from './recurrent-forward-step.ts'
import { wire } from './recurrent-wiring.ts'

export const recurrentForward: Kernel<'recurrentForward'> = (call, gpu) => {
  const [projected, recurrent, recurrentBias, initialHidden, initialCell, lengths, hiddenMask] = call.inputs
  const [sequence, finalHidden, finalCell, reserve] = call.outputs
  const { cell, reverse, timeMajor } = call.attributes
  const [first = 0, second = 0, units = 0] = sequence.shape
  const [rows, steps] = timeMajor ? [second, first] : [first, second]
  const plan = planRecurrent({ cell, batch: rows, steps, units, backward: false }, gpu.offer)
  const wiring = wire(
    gpu,
    { rows, steps, units, timeMajor, reverse },
    [
      { kind: 'sequence', name: 'projected', operand: projected },
      { kind: 'small', name: 'recurrent', operand: recurrent, pack: 'last' },
      { kind: 'small', name: 'recurrentBias', operand: recurrentBias },
      { kind: 'small', name: 'initialHidden', operand: initialHidden },
      { kind: 'small', name: 'initialCell', operand: initialCell },
      { kind: 'small', name: 'lengths', operand: lengths, otherwise: 'i32(p.steps)' },
      { kind: 'small', name: 'hiddenMask', operand: hiddenMask, otherwise: '1.0' },
    ],
    [
      { kind: 'sequence', name: 'sequence', operand: sequence },
      { kind: 'state', name: 'finalHidden', bound: finalHidden },
      { kind: 'state', name: 'finalCell', bound: finalCell },
      { kind: 'sequence', name: 'reserve', operand: reserve },
    ],
  )
  if (plan.way === 'walk') walkForward(gpu, cell, plan, wiring, rows)
  else stepForward(gpu, cell, plan, wiring, { rows, steps, units, startsAtZero: initialHidden === null })
}
