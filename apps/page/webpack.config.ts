// webpack's build of the page. The packages need nothing set: it finds their workers and .wasm files by itself.

import { join } from 'node:path'
import type { Configuration } from 'webpack'
import { StaticFiles } from './build/static-files.ts'

const root = import.meta.dirname

const config: Configuration = {
  mode: 'production',
  context: root,
  entry: { main: './src/main.ts' },
  output: { path: join(root, 'dist/webpack'), clean: true },
  module: { rules: [{ test: /\.ts$/, use: join(root, 'build/strip-types-loader.cjs') }] },
  plugins: [new StaticFiles({ from: root, script: 'main.js' })],
  performance: { hints: false },
}

export default config
