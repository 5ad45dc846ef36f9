/** Every example, in its short form, does better than its baseline. */

import { wasm } from '@rnn/backend-wasm'
import { expect, test } from 'vitest'
import { addition } from '../src/addition.ts'

test('addition: half of the sums teach the other half', async () => {
  const backend = await wasm()
  const lines: string[] = []
  const { result, baseline } = await addition({ backend, seed: 0, short: true, print: (line) => lines.push(line) })
  expect(baseline).toBeLessThan(0.02)
  expect(result).toBeGreaterThan(0.5)
  expect(lines.some((line) => /^\d+\+\d+ = /.test(line))).toBe(true)
  await backend.dispose()
})
