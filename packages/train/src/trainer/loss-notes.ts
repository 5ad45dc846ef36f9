// What layers say beside their output while a loss is computed of it: terms of the loss, and which steps don't count.

import { add, alias, keep, tensorsIn, type Tensor } from '@rnn/core'
import type { NamedVariable, PassNotes } from '@rnn/layers'
import type { LossContext } from '../losses/loss.ts'

/** The notes of one forward pass. They own what they keep, until `dispose`. */
export class LossNotes implements PassNotes {
  readonly #terms: Tensor[] = []
  #counted: Tensor | undefined

  penalty(term: Tensor): void {
    this.#terms.push(keep(term))
  }

  counted(steps: Tensor): void {
    this.#counted?.dispose()
    this.#counted = keep(alias(steps))
  }

  /** The loss with what was noted, and with the penalties on weights that are trained. */
  withPenalties(loss: Tensor, variables: readonly NamedVariable[]): Tensor {
    const ofWeights = variables.flatMap(({ variable }) =>
      variable.trainable && variable.regularizer !== undefined ? [variable.regularizer.penalty(variable.value)] : [],
    )
    return [...this.#terms, ...ofWeights].reduce(add, loss)
  }

  /** The context for a loss or a metric of these outputs. */
  heard(context: LossContext, outputs: unknown): LossContext {
    const counted = this.#counted
    if (counted === undefined) return context
    const [batch, time] = counted.shape
    const isSequence = ({ shape }: Tensor): boolean => shape.length > 2 && shape[0] === batch && shape[1] === time
    return tensorsIn(outputs).some(isSequence) ? { ...context, counted } : context
  }

  dispose(): void {
    for (const term of this.#terms) term.dispose()
    this.#counted?.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}
