/**
 * One vitest run over every package and app. Packages resolve to their sources by the export condition `@rnn/source`;
 * with RNN_RESOLVE=dist the condition is left out, so that the same tests meet the built packages.
 */
import { defaultClientConditions, defaultServerConditions, type Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const useDist = process.env['RNN_RESOLVE'] === 'dist'
const source = useDist ? [] : ['@rnn/source']

/** Tests that reach into a package's own files (`../src/x.ts`) get the built file, never a second copy of the package. */
const testsReachIntoDist: Plugin = {
  name: 'rnn:tests-reach-into-dist',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!importer?.includes('/packages/')) return null
    const built = id.replace(/^((?:\.\.\/)+(?:[\w-]+\/)?)src\/(.+)\.ts$/, '$1dist/$2.js')
    return built === id ? null : this.resolve(built, importer)
  },
}

export default defineConfig({
  plugins: useDist ? [testsReachIntoDist] : [],
  resolve: { conditions: [...source, ...defaultClientConditions] },
  ssr: {
    resolve: {
      conditions: [...source, ...defaultServerConditions],
      externalConditions: source,
    },
  },
  test: {
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts'],
    // Continuous integration has two slow cores; a hang must still end.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
