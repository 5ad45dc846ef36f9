// The kind of a cell names its equations in a saved model: never those of another.

import { add, lstmVariant, minGruCell, simpleVariant, type Cell } from '@rnn/core'
import { bidirectional, gru, rnn, stacked } from '@rnn/layers'
import { expect, test } from 'vitest'

test.each<[string, Cell]>([
  ['simpleTanh', simpleVariant() as unknown as Cell],
  ['lstm', lstmVariant({ peepholes: true }) as unknown as Cell],
  ['minGru', minGruCell as unknown as Cell],
])('a changed copy of %s is not saved as what it no longer is', (kind, cell) => {
  expect(rnn(cell, { units: 2 }).toJSON()['type']).toBe(kind === 'simpleTanh' ? 'simpleRnn' : kind)
  const changed: Cell = { ...cell, step: (projected, [h = projected]) => [add(projected, h)] }
  const refused = `rnn: a cell of your own has the kind '${kind}', and would come back with the equations of the built-in one; give it a kind of its own`
  const layer = rnn(changed, { units: 2 })
  expect(() => layer.toJSON()).toThrow(expect.objectContaining({ code: 'E_CONFIGURATION', message: refused }))
  expect(() => stacked(gru({ units: 2 }), layer).toJSON()).toThrow(refused)
  expect(() => bidirectional(layer).toJSON()).toThrow(refused)
  expect(rnn({ ...changed, kind: 'mine' }, { units: 2 }).toJSON()['type']).toBe('mine')
})
