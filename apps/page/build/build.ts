// Builds the page in every way that it is tested in. Expects the packages to be built (`pnpm build`).

import { join } from 'node:path'
import { build } from 'vite'
import webpack from 'webpack'
import webpackConfig from '../webpack.config.ts'
import { buildUnbundled } from './unbundled.ts'

/** The ways, by the folder under dist that each is in. */
export const DELIVERIES = ['vite', 'webpack', 'unbundled', 'inline'] as const
export type Delivery = (typeof DELIVERIES)[number]

const root = join(import.meta.dirname, '..')

/** Builds them all. @throws what the bundlers complain about, warnings included */
export async function buildPages(): Promise<void> {
  buildUnbundled(join(root, 'dist/unbundled'), false)
  buildUnbundled(join(root, 'dist/inline'), true)
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn' })
  await buildWithWebpack()
}

function buildWithWebpack(): Promise<void> {
  return new Promise((resolve, reject) => {
    webpack(webpackConfig, (error, stats) => {
      if (error !== null) reject(error)
      else if (stats === undefined || stats.hasErrors() || stats.hasWarnings()) {
        reject(new Error(stats?.toString({ preset: 'errors-warnings' }) ?? 'webpack gave no result'))
      } else resolve()
    })
  })
}

if (import.meta.main) await buildPages()
