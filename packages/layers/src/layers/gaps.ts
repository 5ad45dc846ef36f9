// Sequences whose gaps masking has closed, and back.

import { cast, gather, greater, reshape, scope, type Tensor } from '@rnn/core'
import type { ClosedGaps, ForwardContext, PassedOn } from '../context.ts'

/** The steps of `[batch, time, …]` at other places; −1 gives zeros. */
export function moved(x: Tensor, places: Tensor): Tensor {
  const [batch = 0, time = 0, ...rest] = x.shape
  return reshape(gather(reshape(x, [batch * time, ...rest]), places), x.shape)
}

/** The gaps that were closed after `before` was all, the last first: masking may stand behind masking. */
function since(gaps: ClosedGaps | undefined, before: ClosedGaps | undefined): readonly ClosedGaps[] {
  return gaps === undefined || gaps === before ? [] : [gaps, ...since(gaps.outer, before)]
}

/** What goes past layers that closed gaps, with the same gaps closed: for shortcuts. */
export function closedAlike(x: Tensor, told: ForwardContext, context: ForwardContext): Tensor {
  return since(told.gaps, context.gaps).reduceRight((each, { sources }) => moved(each, sources), x)
}

/** The output of a container for those who are told no more of it: a sequence has each step where it was before gaps were closed within, and zeros in them. */
export function reopened({ output, told }: PassedOn<Tensor>, context: ForwardContext): Tensor {
  const { backend } = output
  return scope(backend, () => {
    let opened = output
    let counted: Tensor | undefined
    for (const gaps of since(told.gaps, context.gaps)) {
      const [batch, time, features] = opened.shape
      if (features === undefined || batch !== gaps.counted.shape[0] || time !== gaps.counted.shape[1]) break
      counted = counted === undefined ? gaps.counted : greater(moved(cast(counted, 'float32'), gaps.places), 0)
      opened = moved(opened, gaps.places)
    }
    if (counted !== undefined) context.notes?.counted(counted)
    return opened
  })
}
