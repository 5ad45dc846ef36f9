// Serves the built pages on loopback, each in several worlds: the first folder of an address says what is different there.

import { readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import sirv from 'sirv'

/** What a server may do to a page. */
interface World {
  /** For every answer. */
  readonly headers?: Readonly<Record<string, string>>
  /** The answer to some requests: status, content type and body. */
  readonly instead?: { readonly of: RegExp; readonly answer: readonly [number, string, string] }
  /** The content type of .wasm files. */
  readonly wasmType?: string
  /** Put at the end of the script of the page's worker. */
  readonly workerAfterword?: string
}

const WASM = /\.wasm$/
/** The page's own worker, by Vite's name and by that without a bundler. */
const WORKER = /\/(assets\/worker-[\w-]+|worker)\.js$/
/** What single-page applications answer to everything that they don't know. */
const FALLBACK = '<!doctype html><html><body>The application</body></html>'

const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

const WORLDS = {
  plain: {},
  isolated: { headers: ISOLATION },
  /** Files for pages of other origins. */
  cdn: { headers: { 'Access-Control-Allow-Origin': '*' } },
  'wasm-missing': { instead: { of: WASM, answer: [404, 'text/plain', 'Not found'] } },
  'wasm-as-html': { instead: { of: WASM, answer: [200, 'text/html', FALLBACK] } },
  'html-that-says-it-is-wasm': { instead: { of: WASM, answer: [200, 'application/wasm', FALLBACK] } },
  'wasm-of-another-type': {
    headers: { 'X-Content-Type-Options': 'nosniff' },
    wasmType: 'application/octet-stream',
  },
  'worker-missing': { instead: { of: WORKER, answer: [404, 'text/plain', 'Not found'] } },
  'worker-as-html': { instead: { of: WORKER, answer: [200, 'text/html', FALLBACK] } },
  'thread-missing': {
    headers: ISOLATION,
    instead: { of: /\/backend-wasm\/worker\.js$/, answer: [404, 'text/plain', 'Not found'] },
  },
  'worker-throws': { workerAfterword: "throw new Error('this worker is broken')" },
  'worker-crashes': { workerAfterword: "setTimeout(() => { throw new Error('out of luck') }, 1500)" },
  'worker-closes': { workerAfterword: 'setTimeout(() => close(), 1500)' },
  'worker-without-simd': { workerAfterword: 'WebAssembly.validate = () => false' },
} as const satisfies Readonly<Record<string, World>>

/** The names of the worlds. */
export type WorldName = keyof typeof WORLDS

type Handler = (path: string, ...rest: Parameters<ReturnType<typeof sirv>>) => void

/** A server that runs. */
export interface PageServer {
  readonly origin: string
  close(): Promise<void>
}

/** Serves a folder in all worlds. */
export async function serveFolder(folder: string): Promise<PageServer> {
  const handlers = new Map<string, Handler>(
    Object.entries(WORLDS).map(([name, world]) => [name, handlerOf(world, folder)]),
  )
  const server = createServer((request, response) => {
    const [, name = '', path = '/'] = /^\/([\w-]+)(\/[^?]*)/.exec(request.url ?? '') ?? []
    request.url = path
    const handler = handlers.get(name)
    if (handler === undefined) notFound(response)
    else handler(path, request, response, () => notFound(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function handlerOf({ headers = {}, instead, wasmType, workerAfterword }: World, folder: string): Handler {
  const files = sirv(folder, {
    dev: true,
    setHeaders(response, path) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      if (wasmType !== undefined && WASM.test(path)) response.setHeader('Content-Type', wasmType)
    },
  })
  return (path, request, response, next) => {
    if (instead?.of.test(path)) {
      const [status, type, body] = instead.answer
      response.writeHead(status, { 'Content-Type': type }).end(body)
    } else if (workerAfterword !== undefined && WORKER.test(path)) {
      const script = readFileSync(join(folder, path), 'utf8')
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(`${script}\n;${workerAfterword}`)
    } else {
      files(request, response, next)
    }
  }
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found')
}
