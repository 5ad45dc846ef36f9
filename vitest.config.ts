/**
 * One vitest run over every package and app. Packages resolve to their sources by the export condition `@rnn/source`;
 * with RNN_RESOLVE=dist the condition is left out, so that the same tests meet the built packages.
 */
import { availableParallelism } from 'node:os'
import { defaultClientConditions, defaultServerConditions, type Plugin } from 'vite'
import { configDefaults, defineConfig, type TestProjectConfiguration } from 'vitest/config'

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

const BROWSER_TESTS = 'apps/page/test/browser/**'

/** Long tests of kernels and of programs: of the built packages, others show already that the same code is in them. */
const NOT_OF_DIST = [
  'packages/backend-webgpu/test/{curves,matmul,recurrent,recurrent-dispatches}.test.ts',
  'apps/{bench,examples}/test/**',
]

const node = {
  extends: true,
  test: {
    name: 'node',
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, BROWSER_TESTS, ...(useDist ? NOT_OF_DIST : [])],
  },
} as const satisfies TestProjectConfiguration

/** In Chromium, on pages made of the built packages whatever RNN_RESOLVE says: once is enough. After all others and one by one, because they measure time. */
const browser = {
  extends: true,
  test: {
    name: 'browser',
    include: [`${BROWSER_TESTS}/*.test.ts`],
    globalSetup: 'apps/page/test/browser/setup.ts',
    fileParallelism: false,
    maxConcurrency: 2,
    sequence: { groupOrder: 1 },
  },
} as const satisfies TestProjectConfiguration

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
    // Continuous integration has two slow cores; a hang must still end.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // By default a machine of two cores would use one of them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: useDist ? [node] : [node, browser],
  },
})
