/** Subjects in Chromium: what their pages are served, and that they compute what ours do. */

import { describe, expect, test } from 'vitest'
import { serveSources } from '../src/browser/serve.ts'
import { compareOutputs, agrees } from '../src/compare.ts'
import { findSubject } from '../src/subjects/index.ts'
import type { Implementation } from '../src/subjects/subject.ts'
import { findWorkload } from '../src/workloads/index.ts'

test('a page is served modules without their types, and nothing outside of the folders', async () => {
  const { origin, close } = await serveSources()
  try {
    const get = async (path: string): Promise<Response> => fetch(`${origin}${path}`)
    const module = await get('/src/statistics.ts')
    expect(module.headers.get('Content-Type')).toBe('text/javascript')
    const text = await module.text()
    expect(text).toContain('export function summarize(')
    expect(text).not.toContain('interface')
    expect((await get('/')).headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp')
    for (const path of ['/package.json', '/src/nothing.ts', '/src/..%2fpackage.json', '/src/%2e%2e/package.json']) {
      expect([path, (await get(path)).status]).toEqual([path, 404])
    }
  } finally {
    close()
  }
})

describe.each(['tfjs-webgpu', 'ort-webgpu'])('%s', (id) => {
  const subject = findSubject(id)
  const missing = subject.missing()
  const reason = missing === undefined ? '' : ` (not run: ${missing.what} is not installed)`

  test.skipIf(missing !== undefined)(`computes what rnn-cpu does, and says on which adapter${reason}`, async () => {
    const { task } = findWorkload('lstm-infer-2x3x4x5').cases[0]
    const ours = await findSubject('rnn-cpu').prepare(task)
    const reference = await (ours as readonly Implementation[])[0]!.outputs()
    const prepared = await subject.prepare(task)
    if (!('device' in prepared)) throw new Error(JSON.stringify(prepared))
    try {
      expect(prepared.device).toEqual({
        name: expect.stringMatching(/, in Chromium \d+$/),
        software: expect.any(Boolean),
      })
      for (const each of prepared.implementations) {
        const [worst] = compareOutputs(task, await each.outputs(), reference)
        expect(worst && agrees(worst), each.name).toBe(true)
        const times = await each.timeRuns?.({ minimumMs: 0, minimumRuns: 2, maximumMs: 1000 })
        expect(times?.length).toBeGreaterThanOrEqual(1)
      }
    } finally {
      await prepared.dispose()
    }
  })
})
