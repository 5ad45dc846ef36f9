/** The check for a vocabulary that knows nothing of the texts. */
import { describe, expect, it } from 'vitest'
import { checkKnownTokens } from '../src/index.ts'
import { failure } from './failure.ts'

describe('checkKnownTokens', () => {
  it('throws only where every token is unknown', () => {
    expect(failure(() => checkKnownTokens([[1, 1], [], [1]], 1, { file: 'a.de' }))).toMatchObject({
      code: 'E_ALL_UNKNOWN',
      message:
        'a.de: all 3 tokens are unknown to the vocabulary; lower minFrequency, or use the vocabulary of this language',
    })
    for (const rows of [[[1], [1, 2]], [[]], []]) expect(() => checkKnownTokens(rows, 1)).not.toThrow()
  })
})
