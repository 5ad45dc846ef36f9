/** Serves the bench's own modules to a page, their types stripped, and the files of peers' packages. Nothing has to be built. */

import { createReadStream, existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PEERS_FOLDER } from '../subjects/packages.ts'
import { PEER } from './chromium.ts'

const SOURCES = join(import.meta.dirname, '..')
const PACKAGES = join(fileURLToPath(PEERS_FOLDER), PEER, 'node_modules')
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.ts': 'text/javascript',
  '.wasm': 'application/wasm',
}
/** Its program, under a name that the process can call it by. */
const PAGE = `<!doctype html><title>bench</title>
<script type="module">import * as bench from '/src/browser/page-main.ts'; globalThis.bench = bench</script>`
/** An isolated page has clocks of 5 µs instead of 100 µs. */
const HEADERS = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

/** A server that runs. */
export interface SourceServer {
  readonly origin: string
  close(): void
}

/** `/` is the page, `/src/…` the bench's modules, `/packages/…` the peers'. On loopback. */
export async function serveSources(): Promise<SourceServer> {
  const server = createServer((request, response) =>
    answer(new URL(request.url ?? '/', 'http://bench').pathname, response),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function answer(path: string, response: ServerResponse): void {
  if (path === '/') {
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/html' }).end(PAGE)
    return
  }
  const [, root, rest = ''] = /^\/(src|packages)\/(.+)$/.exec(decodeURIComponent(path)) ?? []
  const file = root === 'src' ? inside(SOURCES, rest) : root === 'packages' ? inside(PACKAGES, rest) : undefined
  const type = file && TYPES[extname(file)]
  if (file === undefined || type === undefined) {
    response.writeHead(404, { ...HEADERS, 'Content-Type': 'text/plain' }).end('Not found')
    return
  }
  response.writeHead(200, { ...HEADERS, 'Content-Type': type })
  if (file.endsWith('.ts')) response.end(stripTypeScriptTypes(readFileSync(file, 'utf8')))
  else createReadStream(file).pipe(response)
}

/** The file of this name below a folder, or undefined. Packages are links, which may lead elsewhere; names may not. */
function inside(folder: string, name: string): string | undefined {
  const path = join(folder, name)
  if (!path.startsWith(folder + sep) || !existsSync(path)) return undefined
  return statSync(path).isFile() ? realpathSync(path) : undefined
}
