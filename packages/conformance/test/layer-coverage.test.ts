// Every layer that has a JSON form goes through the helper that checks all that a layer must do.

import { CASES } from '@rnn/conformance'
import { fromJSON } from '@rnn/layers'
import { expect, test } from 'vitest'

test('every built-in type has a case', () => {
  let message = ''
  try {
    fromJSON({ type: 'none' })
  } catch (error) {
    message = String(error)
  }
  const types = /known are ([^;]*);/.exec(message)?.[1]?.split(', ') ?? []
  expect(types.length).toBeGreaterThan(30)
  // layers/lstm/…, or layers/lstm-peepholes/…
  const covered = CASES.flatMap(({ id }) => /^layers\/([^/-]+)/.exec(id)?.[1] ?? [])
  expect(types.filter((type) => !covered.includes(type))).toEqual([])
})
