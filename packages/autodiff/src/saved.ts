// Values that forward leaves for backward: untracked aliases that notice when someone has changed them in between.

import { alias, hold, RnnError, type Tensor } from '@rnn/core'

/** A value saved for backward. It keeps the storage alive until `release`. */
export interface Saved {
  /** @throws E_SAVED_MUTATED when the value was changed in place since it was saved */
  get(): Tensor
  release(): void
}

/** Saves a tensor as it is now. `operation` is what the error names. */
export function saveTensor(tensor: Tensor, operation: string): Saved {
  const held = hold(alias(tensor))
  const { version } = held.storage
  return {
    get() {
      if (held.storage.version === version) return held
      throw new RnnError({
        code: 'E_SAVED_MUTATED',
        operation,
        problem: `its backward pass needs a ${held.dtype} [${held.shape.join(', ')}] that was changed in place after the forward pass`,
        fix: 'update parameters and states after the gradients are computed',
      })
    },
    release: () => held.dispose(),
  }
}
