/** The demo keeps its promise: the network learns what word order says, and a bag of words can't. */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run, temporaryFolder } from './program.ts'

interface DemoResult {
  readonly testAccuracy: number
  readonly baselineAccuracy: number
  readonly trainSeconds: number
  readonly predictions: readonly { readonly label: string; readonly words: readonly object[] }[]
}

test(
  'the demo trains, beats the bag of words clearly, and tells pairs of the same words apart',
  { timeout: 300_000 },
  async () => {
    const out = join(temporaryFolder(), 'demo')
    const { code, stdout } = await run(['demo', '--json', '--out', out])
    expect(code).toBe(0)
    const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as DemoResult
    expect(result.testAccuracy).toBeGreaterThan(0.95)
    expect(result.baselineAccuracy).toBeLessThan(0.6)
    expect(result.trainSeconds).toBeLessThan(120)
    expect(result.predictions.map(({ label }) => label)).toEqual(
      result.predictions.map((_, i) => (i % 2 === 0 ? 'positive' : 'negative')),
    )
    expect((await run(['predict', '--model', out, 'Not bad at all, this hotel.'])).stdout).toMatch(/positive/)
  },
)
