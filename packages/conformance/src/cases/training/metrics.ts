// Metrics: what batches count on the backend is what they count in float64.

import { scope, type Backend, type Tensor } from '@rnn/core'
import {
  accuracy,
  auc,
  binaryAccuracy,
  confusionMatrix,
  f1,
  labelErrorRate,
  mae,
  perplexity,
  rmse,
  rSquared,
  topKAccuracy,
  type LossContext,
  type Metric,
} from '@rnn/train'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { compare, relativeToLargest } from '../../check.ts'
import { hostTensor, type HostTensor } from '../../host-tensor.ts'
import { input, inputOf, uploadAll, type Input } from '../../programs.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain } from '../../tolerances.ts'
import { pseudoIntegers } from '../../values.ts'

const [BATCH, TIME, CLASSES] = [5, 3, 4]
const STEPS = BATCH * TIME
const logits = input([BATCH, TIME, CLASSES], 1401, 4)
const single = input([BATCH, TIME, 1], 1402, 4)
const classes = inputOf([BATCH, TIME], pseudoIntegers(STEPS, 1403, 0, CLASSES), 'int32')
const answers = inputOf([BATCH, TIME], pseudoIntegers(STEPS, 1404, 0, 2), 'int32')
/** The classes as one-hot rows; the one past the end of the second sequence is empty. */
const rows = inputOf(
  [BATCH, TIME, CLASSES],
  Array.from({ length: STEPS * CLASSES }, (_, i) => {
    const row = Math.floor(i / CLASSES)
    return Number(row !== TIME + 1 && i % CLASSES === classes.values[row])
  }),
)
const real = input([BATCH, TIME, CLASSES], 1405, 3)
const transcripts = inputOf([BATCH, 2], [1, 2, 3, -1, -1, -1, 2, 2, 1, 3], 'int32')
const lengths = inputOf([BATCH], [3, 1, 2, 3, 2], 'int32')

type AnyMetric = Pick<Metric<string, unknown, Tensor, Tensor>, 'name' | 'count'>

const METRICS: readonly (readonly [metric: AnyMetric, outputs: Input, targets: Input])[] = [
  [accuracy(), logits, classes],
  [topKAccuracy({ k: 2 }), logits, classes],
  [confusionMatrix(), logits, classes],
  [f1(), single, answers],
  [auc(), single, answers],
  [{ ...accuracy(), name: 'accuracyOfRows' }, logits, rows],
  [{ ...f1(), name: 'f1OfRows' }, logits, rows],
  [binaryAccuracy(), logits, rows],
  [mae(), logits, real],
  [rmse(), logits, real],
  [rSquared(), logits, real],
  [perplexity(), logits, classes],
  [labelErrorRate(), logits, transcripts],
]

/** What one batch counts. */
async function countOn(backend: Backend, metric: AnyMetric, outputs: Input, targets: Input): Promise<HostTensor> {
  const counts = scope(backend, () => {
    const { x, t, ends } = uploadAll(backend, { x: outputs, t: targets, ends: lengths })
    const context: LossContext = { lengths: ends }
    return metric.count(x, t, context)
  })
  try {
    return hostTensor(counts.shape, await counts.data(), counts.dtype)
  } finally {
    counts.dispose()
  }
}

export const metricCases: readonly ConformanceCase[] = METRICS.map(([metric, outputs, targets]) =>
  caseOf(
    `training/metric/${metric.name}`,
    `${metric.name} counts what float64 counts, within the lengths`,
    async ({ backend, note }) => {
      const expected = await countOn(referenceBackend(), metric, outputs, targets)
      const got = await countOn(backend, metric, outputs, targets)
      const bound = expected.dtype === 'float32' ? relativeToLargest(expected, chain(32 + STEPS * CLASSES)) : 'exact'
      note(compare('counts', got.values, expected, bound))
    },
  ),
)
