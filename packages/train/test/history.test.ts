// The history of a training as JSON and CSV.

import { expect, test } from 'vitest'
import { History } from '../src/index.ts'

test('CSV has a head, one line a row, quotes and gaps', () => {
  const history = new History()
  history.add({ epoch: 1, loss: 0.5, 'top 5, "loose"': 1 })
  history.add({ epoch: 2, loss: Number.NaN, validationLoss: 1e-7 })
  expect(history.toCSV()).toBe('epoch,loss,"top 5, ""loose""",validationLoss\r\n1,0.5,1,\r\n2,NaN,,1e-7\r\n')
})

test('JSON comes back as it was, NaN and infinity too', () => {
  const history = new History()
  history.add({ epoch: 1, loss: Number.NaN, other: Number.NEGATIVE_INFINITY })
  history.add({ epoch: 2, loss: 0.1 + 0.2 })
  history.markStopped('enough')
  const again = History.fromJSON(JSON.parse(JSON.stringify(history)))
  expect(again.rows).toEqual(history.rows)
  expect([again.aborted, again.stopped]).toEqual([false, 'enough'])
  expect(again.column('loss')).toEqual([Number.NaN, 0.1 + 0.2])
  expect(again.columns).toEqual(['epoch', 'loss', 'other'])
})
