// Once before all browser tests: builds packages and pages, serves them, starts Chromium. Everything ends with the run.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { buildPages } from '../../build/build.ts'
import { launchChromium, whyNoChromium } from './chromium.ts'
import { serveFolder } from './server.ts'

/** What tests find: the pages and Chromium's address; or why there is no browser; or why there should be one and is none. */
export type BrowserHere =
  | { readonly origin: string; readonly endpoint: string }
  | { readonly missing: string }
  | { readonly failed: string }

declare module 'vitest' {
  export interface ProvidedContext {
    readonly browser: BrowserHere
  }
}

const page = join(import.meta.dirname, '../..')

/** For vitest's globalSetup. What fails here fails the browser tests, and no others. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cleanUp: (() => Promise<void>)[] = []
  project.provide('browser', await prepare(cleanUp))
  return async () => {
    for (const each of cleanUp) await each()
  }
}

async function prepare(cleanUp: (() => Promise<void>)[]): Promise<BrowserHere> {
  const missing = whyNoChromium()
  if (missing !== undefined) return process.env['CI'] === 'true' ? { failed: missing } : { missing }
  try {
    // What users install is what bundlers get: the pages are made of the built packages.
    await promisify(execFile)('pnpm', ['--silent', 'build'], { cwd: join(page, '../..') })
    await buildPages()
    const chromium = await launchChromium()
    cleanUp.push(() => chromium.close())
    const server = await serveFolder(join(page, 'dist'))
    cleanUp.push(() => server.close())
    return { origin: server.origin, endpoint: chromium.wsEndpoint() }
  } catch (error) {
    return { failed: `the browser tests could not be prepared: ${String(error)}` }
  }
}
