/**
 * Runs the conformance kit on the adapter that is here and writes `conformance.json`: `node check-numbers.ts FOLDER`. Where a processor imitates a GPU, and cases take long, the levels that rest on
 * others are left out. Exit code 1 if a case fails.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { webgpu } from '@rnn/backend-webgpu'
import { LEVELS, runConformance } from '@rnn/conformance'
import { FUSED_OPS } from '@rnn/core'

const [folder = '.'] = process.argv.slice(2)
const probe = await webgpu({ powerPreference: 'high-performance' })
const { software } = probe.info
await probe.dispose()

const start = performance.now()
const report = await runConformance(() => webgpu({ powerPreference: 'high-performance' }), {
  levels: software ? ['storage', 'primitives'] : LEVELS,
  // Cells with options go step by step on a GPU.
  fused: FUSED_OPS.filter((op) => !op.startsWith('recurrentVariant')),
  onResult({ status, id, message = '' }) {
    if (status === 'failed') console.error(`failed: ${id}: ${message}`)
  },
})
writeFileSync(join(folder, 'conformance.json'), `${JSON.stringify(report, undefined, 2)}\n`)
const { passed, failed, unsupported } = report.counts
const seconds = ((performance.now() - start) / 1000).toFixed(1)
console.log(`conformance: ${passed} passed, ${failed} failed, ${unsupported} not supported in ${seconds} s`)
process.exit(failed > 0 ? 1 : 0)
