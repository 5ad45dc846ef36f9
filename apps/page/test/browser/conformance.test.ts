// The conformance kit where users are: in Chromium, in a page, in a worker and through one.

import { expect } from 'vitest'
import type { Outcome } from '../../conformance/run.ts'
import { describeInChromium, test } from './open.ts'

const SUBJECTS = [
  { query: 'backend=cpu&place=page', title: 'cpu in the page' },
  { query: 'backend=cpu&place=worker', title: 'cpu in a worker' },
  { query: 'backend=wasm&place=page', title: 'wasm in the page' },
  { query: 'backend=wasm&place=worker', title: 'wasm in a worker' },
  { query: 'backend=wasm&place=remote', title: 'wasm through a worker' },
  { query: 'backend=wasm&place=worker&threads=2', title: 'wasm with two threads in a worker', threads: 2 },
  {
    query: 'backend=webgpu&place=worker',
    title: 'webgpu on SwiftShader, which is software, in a worker',
    device: /swiftshader/i,
  },
]

/** The driver in software compiles each of some hundred programs for a tenth of a second and more. */
const LONGEST_SECONDS = 600

describeInChromium('the whole conformance kit passes in Chromium', 'concurrent', () => {
  for (const { query, title, threads = 1, device = /./ } of SUBJECTS) {
    test(title, { timeout: LONGEST_SECONDS * 1000 }, async ({ open }) => {
      const { page, uncaught } = await open('isolated', `vite/conformance.html?${query}`)
      await page.locator('body:is([data-state=done], [data-state=failed])').waitFor({ timeout: LONGEST_SECONDS * 1000 })
      const text = await page.locator('body').getAttribute('data-outcome')
      const outcome = JSON.parse(text ?? JSON.stringify(await page.locator('#summary').innerText())) as Outcome
      expect(outcome.failures).toEqual([])
      expect(outcome.counts.failed).toBe(0)
      expect(outcome.counts.passed).toBeGreaterThan(1000)
      expect(outcome.threads).toBe(threads)
      expect(outcome.device).toMatch(device)
      expect(outcome.software).toBe(/swiftshader/i.test(outcome.device))
      expect(uncaught).toEqual([])
    })
  }
})
