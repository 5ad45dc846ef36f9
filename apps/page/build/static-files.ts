// The page's HTML and styles for builds that begin with a script instead of the page.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import webpack, { type Compiler } from 'webpack'

/** The files of the page beside its scripts, by name. `head` is put before the styles. */
export function staticFiles(from: string, script: string, head = ''): Readonly<Record<string, string>> {
  const html = readFileSync(join(from, 'index.html'), 'utf8')
    .replace('./src/main.ts', `./${script}`)
    .replace('./src/page.css', './page.css')
    .replace('<link rel="stylesheet"', `${head}<link rel="stylesheet"`)
  return { 'index.html': html, 'page.css': readFileSync(join(from, 'src/page.css'), 'utf8') }
}

/** Adds them to webpack's output. */
export class StaticFiles {
  readonly #options: { readonly from: string; readonly script: string }

  constructor(options: { readonly from: string; readonly script: string }) {
    this.#options = options
  }

  apply(compiler: Compiler): void {
    const { from, script } = this.#options
    compiler.hooks.thisCompilation.tap('StaticFiles', (compilation) => {
      compilation.hooks.processAssets.tap('StaticFiles', () => {
        for (const [name, text] of Object.entries(staticFiles(from, script))) {
          compilation.emitAsset(name, new webpack.sources.RawSource(text))
        }
      })
    })
  }
}
