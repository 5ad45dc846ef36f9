// What training needs of a model: every `Module` of @rnn/layers has it.

import type { Backend } from '@rnn/core'
import type { ForwardContext, NamedVariable } from '@rnn/layers'

/** A model that can be trained. */
export interface TrainableModel<Input, Output> {
  /** @throws E_NOT_BUILT before `init` */
  readonly backend: Backend
  forward(x: Input, context: ForwardContext): Output
  /** Parameters and states. */
  variables(): readonly NamedVariable[]
  to(backend: Backend): Promise<void>
  /** Its configuration; may throw for a model that has none. */
  toJSON(): unknown
}
