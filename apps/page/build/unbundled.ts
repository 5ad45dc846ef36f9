// The page without a bundler: its files and those of the packages, side by side, with an import map, as from a CDN. Workers have no import maps: the page's
// worker is the ready-made one.

import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { basename, join } from 'node:path'
import { staticFiles } from './static-files.ts'

const root = join(import.meta.dirname, '..')
const packages = join(root, '../../packages')
const NAMES = [
  'autodiff',
  'backend-cpu',
  'backend-wasm',
  'backend-webgpu',
  'backend-worker',
  'core',
  'data',
  'layers',
  'train',
]

/**
 * Writes the page into a folder.
 *
 * @param inline take the WebAssembly backend from its single files: no .wasm is there then
 */
export function buildUnbundled(folder: string, inline: boolean): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const imports: Record<string, string> = { papaparse: './packages/papaparse.js' }
  for (const name of NAMES) {
    imports[`@rnn/${name}`] = `./packages/${name}/index.js`
    cpSync(join(packages, name, 'dist'), join(folder, 'packages', name), { recursive: true, filter: isServed })
  }
  if (inline) {
    imports['@rnn/backend-wasm'] = './packages/backend-wasm/inline.js'
    for (const file of globSync('*.wasm', { cwd: join(folder, 'packages/backend-wasm') })) {
      rmSync(join(folder, 'packages/backend-wasm', file))
    }
  }
  writeFileSync(join(folder, imports['papaparse']!), papaparse())

  for (const file of globSync('src/*.ts', { cwd: root })) {
    const code = stripTypeScriptTypes(readFileSync(join(root, file), 'utf8'))
    writeFileSync(join(folder, basename(file, '.ts') + '.js'), code.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"))
  }
  writeFileSync(join(folder, 'worker.js'), "import './packages/backend-wasm/inline-worker.js'\n")
  const map = `<script type="importmap">${JSON.stringify({ imports }, null, 2)}</script>\n    `
  for (const [name, text] of Object.entries(staticFiles(root, 'main.js', map))) writeFileSync(join(folder, name), text)
}

/** Folders, and what a browser may ask for. */
function isServed(path: string): boolean {
  return !/\.(d\.ts|map|tsbuildinfo)$/.test(path)
}

/** papaparse is no module: made one, as CDNs such as esm.sh do. */
function papaparse(): string {
  const file = createRequire(join(packages, 'data/package.json')).resolve('papaparse')
  const code = readFileSync(file, 'utf8')
  return `const module = { exports: {} }\n;(function (module, exports) {\n${code}\n}).call(globalThis, module, module.exports)\nexport default module.exports\n`
}
