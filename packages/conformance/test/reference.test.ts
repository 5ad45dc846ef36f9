// The float64 reference is a backend like any other: it passes its own kit, fused and as composites, and its loops agree with PyTorch.

import { FUSED_OPS } from '@rnn/core'
import { CASES, referenceBackend, runConformance } from '@rnn/conformance'
import { expect, test } from 'vitest'

const failed = (results: readonly { readonly status: string }[]): unknown[] =>
  results.filter(({ status }) => status === 'failed')

test('the reference passes every level with its own fused loops', async () => {
  const report = await runConformance(() => referenceBackend({ fused: true }), {
    fused: FUSED_OPS,
    levels: ['storage', 'primitives', 'fused', 'gradients', 'lifecycle', 'layers'],
  })
  expect(failed(report.results)).toEqual([])
})

test('its unrounded results differ from PyTorch by no more than the twelve digits that the oracles keep', async () => {
  for (const fused of [true, false]) {
    const report = await runConformance(() => referenceBackend({ fused }), {
      filter: /oracle-/,
      levels: ['fused', 'gradients'],
    })
    expect(failed(report.results)).toEqual([])
    // Results pass through float32 on the way out of a backend: half an ulp, whatever the tolerance.
    expect(Math.max(...report.results.map(({ worst }) => worst))).toBeLessThan(0.13)
  }
})

test('ids are unique, begin with their level, and say what they are about', () => {
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length)
  for (const { id, level, title } of CASES) {
    expect(id).toMatch(/^[a-z]+\/[\w-]+\/[\w.-]+$/)
    expect(id.startsWith(`${level}/`)).toBe(true)
    expect(title).not.toBe('')
  }
})
