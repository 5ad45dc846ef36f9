// Once before all browser tests: builds packages and pages, serves them, starts Chromium. Everything ends with the run.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { buildPages } from '../../build/build.ts'
import { launchChromium, whyNoChromium } from './chromium.ts'
import { serveFolder } from './server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the pages are, and Chromium's address; or why there is no browser here. */
    readonly browser: { readonly origin: string; readonly endpoint: string } | { readonly missing: string }
  }
}

const page = join(import.meta.dirname, '../..')

/** For vitest's globalSetup. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = whyNoChromium()
  if (missing !== undefined) {
    process.stderr.write(`browser tests are skipped: ${missing}\n`)
    project.provide('browser', { missing })
    return async () => {}
  }
  // What users install is what bundlers get: the pages are made of the built packages.
  await promisify(execFile)('pnpm', ['--silent', 'build'], { cwd: join(page, '../..') })
  await buildPages()
  const server = await serveFolder(join(page, 'dist'))
  const chromium = await launchChromium()
  project.provide('browser', { origin: server.origin, endpoint: chromium.wsEndpoint() })
  return async () => {
    await chromium.close()
    await server.close()
  }
}
