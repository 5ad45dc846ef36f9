/**
 * Runs the tests of every package and app and ends with the line `N passed, N failed, N skipped`.
 * Arguments are vitest's (`pnpm test packages/core -t softmax`); `--dist` runs the tests against the built packages.
 */
import { parseCLI, startVitest } from 'vitest/node'
import type { TestModule, Vitest } from 'vitest/node'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** Counts tests; a module or suite that broke outside its tests counts as one failure, as does an unhandled error. */
function count(vitest: Vitest): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const module of vitest.state.getTestModules()) countModule(module, counts)
  counts.failed += vitest.state.getUnhandledErrors().length
  return counts
}

function countModule(module: TestModule, counts: Counts): void {
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    // A test still pending when the run is over never finished: its worker died or the run was cut short.
    counts[state === 'pending' ? 'failed' : state]++
  }
  if (module.errors().length > 0) counts.failed++
  for (const suite of module.children.allSuites()) if (suite.errors().length > 0) counts.failed++
}

const argv = process.argv.slice(2)
if (argv.includes('--dist')) process.env['RNN_RESOLVE'] = 'dist'
const { filter, options } = parseCLI(['vitest', 'run', ...argv.filter((arg) => arg !== '--dist')])

const vitest = await startVitest('test', filter, { ...options, watch: false })
const counts = count(vitest)
await vitest.close()

process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : (process.exitCode ?? 0)
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
