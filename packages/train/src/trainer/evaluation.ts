// Loss and metrics over a whole set, without training.

import { RnnError, scope, type Tensor } from '@rnn/core'
import type { Loss } from '../losses/loss.ts'
import type { Metric, MetricValues } from '../metrics/metric.ts'
import { MetricTotals } from '../metrics/metric-totals.ts'
import { checkNotEmpty, emptySet, type TrainingBatch, type TrainingSet } from './batches.ts'
import { createBreather } from './breathing.ts'
import { forwardPass, stepInput } from './forward-pass.ts'
import { LossNotes } from './loss-notes.ts'
import { LossReadings } from './loss-readings.ts'
import { lossOf } from './measure.ts'
import type { TrainableModel } from './model.ts'
import { StreamState } from './stream-state.ts'

/** Options of {@link evaluate}. */
export interface EvaluateOptions<
  Output = Tensor,
  Targets = Tensor,
  Metrics extends readonly Metric<string, unknown, Output, Targets>[] = readonly Metric<
    string,
    unknown,
    Output,
    Targets
  >[],
> {
  /** Default: none, and then the result has no loss. */
  readonly loss?: Loss<Output, Targets>
  readonly metrics?: Metrics
  /** Called after each batch. */
  readonly onBatch?: (batch: number, batches: number) => void
  readonly signal?: AbortSignal | undefined
}

/** What {@link evaluate} finds. */
export interface Evaluation<Values = Readonly<Record<string, unknown>>> {
  /** Mean over the set, each batch by its weight: the same however the set is cut into batches. Undefined without a loss. */
  readonly loss: number | undefined
  /** The value of each metric by its name. */
  readonly metrics: Values
  /** Samples seen. */
  readonly samples: number
}

/**
 * The loss and the metrics of a model over a set, with dropout off. Frees every tensor that it makes, and lets the page breathe.
 *
 * ```ts
 * const { loss: testLoss, metrics } = await evaluate(model, testSet, { loss: crossEntropy(), metrics: [accuracy()] })
 * metrics.accuracy // a number
 * ```
 *
 * @throws E_VALUE for an empty set, E_ABORTED when the signal says so, E_SHAPE, E_DTYPE when outputs and targets don't match, E_INDEX_RANGE for a
 * class index that is none
 */
export async function evaluate<
  Input,
  Output,
  Targets = Tensor,
  const Metrics extends readonly Metric<string, unknown, Output, Targets>[] = readonly [],
>(
  model: TrainableModel<Input, Output>,
  // Loss and metrics say what targets are; the host arrays of a set would be taken for the targets themselves.
  set: TrainingSet<Input, NoInfer<Targets>>,
  options: EvaluateOptions<Output, Targets, Metrics>,
): Promise<Evaluation<MetricValues<Metrics>>> {
  const gathering = {
    totals: new MetricTotals(options.metrics ?? []),
    readings: new LossReadings(false),
    stream: new StreamState(),
  }
  const evaluation = await runEvaluation(model, set, options, gathering)
  return { ...evaluation, metrics: evaluation.metrics as MetricValues<Metrics> } // every metric counted at least one batch
}

/** What an evaluation gathers on the device. */
export interface Gathering<Output, Targets> {
  readonly totals: MetricTotals<Output, Targets>
  readonly readings: LossReadings
  readonly stream: StreamState
}

/** As `evaluate`, with counts and losses that someone else may move meanwhile; `ready` is awaited before each batch. */
export async function runEvaluation<Input, Output, Targets>(
  model: TrainableModel<Input, Output>,
  set: TrainingSet<Input, Targets>,
  options: EvaluateOptions<Output, Targets>,
  gathering: Gathering<Output, Targets>,
  ready?: () => Promise<void> | undefined,
): Promise<Evaluation> {
  checkNotEmpty('evaluate', 'set to evaluate on', set)
  const { loss, onBatch, signal } = options
  const { totals, readings, stream } = gathering
  const breather = createBreather()
  let batches = 0
  let samples = 0
  try {
    for await (const batch of set.batches(0)) {
      await ready?.()
      if (signal?.aborted) throw aborted()
      batches++
      samples += batch.size
      evaluateBatch(model, batch, loss, gathering, batches)
      await readings.advance()
      onBatch?.(batches, set.batchCount)
      await breather.pause()
      if (batches >= set.batchCount) break // a set may go on without end
    }
    if (batches === 0) throw emptySet('evaluate', 'set to evaluate on')
    await readings.settle()
    const metrics = await totals.values()
    await ready?.() // a move under way would bring back the counts that end here
    return { loss: loss && readings.mean, metrics, samples }
  } finally {
    breather.close()
    readings.reset()
    totals.reset()
    stream.reset()
  }
}

function evaluateBatch<Input, Output, Targets>(
  model: TrainableModel<Input, Output>,
  batch: TrainingBatch<Input, Targets>,
  loss: Loss<Output, Targets> | undefined,
  { totals, readings, stream }: Gathering<Output, Targets>,
  number: number,
): void {
  loss?.check?.(batch.targets, batch.lengths, batch.sampleWeights)
  const { backend } = model
  const measured = scope(backend, () => {
    const input = stepInput(batch, undefined, stream, backend)
    const [{ targets, context }] = input.pieces
    using notes = new LossNotes()
    const { outputs, passes } = forwardPass(model, input, { training: false, key: undefined, notes })
    if (input.carried) stream.advance(passes[0]?.states)
    else stream.leave()
    for (const pass of passes) pass.dispose()
    const heard = notes.heard(context, outputs)
    totals.add(backend, outputs, targets, heard)
    return loss && lossOf(loss, outputs, targets, heard, batch.size)
  })
  if (measured !== undefined) readings.push({ loss: measured.mean, weight: measured.weight, epoch: 1, batch: number })
}

function aborted(): RnnError {
  return new RnnError({ code: 'E_ABORTED', operation: 'evaluate', problem: 'aborted by its signal' })
}
