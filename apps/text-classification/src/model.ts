/** The network: word vectors, a recurrent layer in both directions, the largest value of each feature over time, a dense layer. */

import {
  bidirectional,
  dense,
  dropout,
  embedding,
  gru,
  lstm,
  maxOverTime,
  sequential,
  simpleRnn,
  type Module,
  type Sequential,
} from '@rnn/layers'
import type { CellName, Settings } from './settings.ts'

const bothWays: Readonly<Record<CellName, (units: number) => Module>> = {
  lstm: (units) => bidirectional(lstm({ units })),
  gru: (units) => bidirectional(gru({ units })),
  simple: (units) => bidirectional(simpleRnn({ units })),
}

/** A classifier of ids, int32 `[batch, time]`, whose output is logits, `[batch, classes]`. Not initialised yet. */
export function textClassifier(settings: Settings, vocabularySize: number, classes: number): Sequential {
  return sequential(
    embedding({ vocabularySize, units: settings.embedding, paddingIndex: 0 }),
    dropout(settings.embeddingDropout),
    bothWays[settings.cell](settings.units),
    maxOverTime(),
    dropout(settings.dropout),
    dense({ units: classes }),
  )
}
