/** Every example, in its short form, does better than its baseline. */

import { drawSvg } from 'app-kit/picture'
import { wasm } from '@rnn/backend-wasm'
import { expect, test } from 'vitest'
import { beats } from '../src/example.ts'
import { examples } from '../src/examples.ts'

const LIMIT = 60_000 // a short form takes some ten seconds; this machine may be busy

test.each(Object.entries(examples))(
  '%s beats its baseline',
  async (_, { options = {}, run }) => {
    const backend = await wasm()
    const lines: string[] = []
    const found = await run({
      backend,
      seed: 0,
      short: true,
      options: Object.fromEntries(Object.entries(options).map(([name, { choices }]) => [name, choices[0]])),
      print: (line) => lines.push(line),
      picture: async (spec) => expect(await drawSvg(spec)).toMatch(/^<svg/),
    })
    expect(found.result, `${found.measure}, baseline ${found.baseline}`).not.toBeNaN()
    expect(beats(found), `${found.measure}: ${found.result}, baseline ${found.baseline}`).toBe(true)
    expect(lines.length).toBeGreaterThan(0)
    await backend.dispose()
  },
  LIMIT,
)

test('addition learns half of the unseen sums in seconds', async () => {
  const backend = await wasm()
  const { result } = await examples['addition']!.run({
    backend,
    seed: 1,
    short: true,
    options: {},
    print() {},
    async picture() {},
  })
  expect(result).toBeGreaterThan(0.5)
  await backend.dispose()
})
