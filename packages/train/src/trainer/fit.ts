// Training in one call.

import type { Tensor } from '@rnn/core'
import type { Callback } from '../callbacks/callback.ts'
import type { History } from '../history/history.ts'
import type { TrainingSet } from './batches.ts'
import type { FitLoopOptions } from './fit-loop.ts'
import type { TrainableModel } from './model.ts'
import { Trainer } from './trainer.ts'
import type { TrainerOptions } from './training-state.ts'

/** Options of {@link fit}: those of a `Trainer` and those of its `fit`. */
export interface FitOptions<Input = Tensor, Output = Tensor, Targets = Tensor>
  extends TrainerOptions<Output, Targets>, FitLoopOptions<Input, Targets> {}

/**
 * Trains a model: a `Trainer` for the time of one call. For checkpoints, steps of one's own or a change of backend, make the `Trainer` yourself. With `averaging` the
 * model ends with the averages of its weights.
 *
 * ```ts
 * const history = await fit(model, trainSet, {
 *   loss: crossEntropy(), optimizer: adam({ learningRate: 1e-3 }), clipNorm: 5,
 *   epochs: 2, metrics: [accuracy()], validation: validSet,
 * })
 * ```
 *
 * @returns the history; `history.aborted` says whether the signal ended it, `history.stopped` whether and why a callback did
 * @throws as `Trainer` and its `fit`
 */
export async function fit<Input, Output, Targets>(
  model: TrainableModel<Input, Output>,
  trainSet: TrainingSet<Input, Targets>,
  options: FitOptions<Input, NoInfer<Output>, Targets>,
): Promise<History> {
  const { averaging, callbacks = [] } = options
  // Before the other callbacks end: early stopping may have averages that were better.
  const toAverages: Callback = { name: 'averages', begin: () => ({ onEnd: () => trainer.useAverages() }) }
  const trainer = new Trainer(model, averaging ? { ...options, callbacks: [toAverages, ...callbacks] } : options)
  try {
    const history = await trainer.fit(trainSet, options)
    if (history.aborted && averaging !== undefined) trainer.useAverages()
    return history
  } finally {
    trainer.dispose()
  }
}
