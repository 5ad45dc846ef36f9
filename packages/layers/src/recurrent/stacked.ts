// Recurrent layers of different kinds as one.

import { RnnError, type Tensor } from '@rnn/core'
import type { RecurrentOptions } from './recurrent-options.ts'
import { Recurrent } from './recurrent.ts'

/** Options that concern the whole stack: each is taken from the one part that may have it, or from all, where they must agree. */
const WHOLE = ['direction', 'statefulRows'] as const

/**
 * Recurrent layers on top of one another as one recurrent layer, whatever their kinds and sizes: with states in and out, streamed, in both directions, as
 * encoder or decoder. The first part says `inputSize`, the last one `returns`; a part's `dropout` is on the output of each of its layers below the top of the stack.
 * Parameters are numbered from below: `0.kernel`, `1.kernel`.
 *
 * ```ts
 * bidirectional(stacked(lstm({ units: 128, dropout: 0.2 }), gru({ units: 64, returns: 'last' })))
 * ```
 *
 * @param parts descriptions: the layers themselves are not used
 * @throws E_CONFIGURATION for parts that don't fit together
 */
export function stacked(...parts: readonly [Recurrent, ...Recurrent[]]): Recurrent {
  const refuse = (problem: string, fix: string): RnnError =>
    new RnnError({ code: 'E_CONFIGURATION', operation: 'stacked', problem, fix })
  const [first] = parts
  const last = parts.at(-1) ?? first
  for (const part of parts) {
    if (part.bidirectional) throw refuse(`the ${part.type} layer has both directions`, 'use bidirectional(stacked(…))')
    if (part !== last && part.options.returns === 'last')
      throw refuse(`the ${part.type} layer below others gives its last state only`, "leave out its returns: 'last'")
    if (part !== first && part.options.inputSize !== undefined)
      throw refuse(
        `the ${part.type} layer above others has an inputSize`,
        'leave it out: it is the size of the layer below',
      )
    for (const name of WHOLE)
      if (part.options[name] !== first.options[name])
        throw refuse(`${name} of the parts differs`, 'give it to all parts, or to none')
  }
  const levels = parts.flatMap((part) => part.levels)
  levels.forEach(({ cell, options: { units, residual } }, i) => {
    const below = levels[i - 1]
    const width = below?.cell.stateSizes(below.options.units)[0]
    if (residual === true && width !== undefined && width !== cell.stateSizes(units)[0])
      throw refuse(`a residual layer of ${units} units on one of ${width}`, 'give both the same size')
  })
  const { inputSize, direction, statefulRows } = first.options
  const { units, returns } = last.options
  const options: RecurrentOptions = {
    units,
    ...(inputSize !== undefined && { inputSize }),
    ...(direction !== undefined && { direction }),
    ...(statefulRows !== undefined && { statefulRows }),
    ...(returns !== undefined && { returns }),
  }
  return new Recurrent<readonly Tensor[]>(last.cell, options, { type: 'stacked', parts }, { levels })
}
