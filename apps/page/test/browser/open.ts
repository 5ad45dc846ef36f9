// Opens pages for tests: each in a context of its own, with what went wrong on the way.

import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, describe, inject, test as base, type TestAPI } from 'vitest'
import type { WorldName } from './server.ts'

const here = inject('browser')
const missing = 'missing' in here ? here.missing : undefined
let connection: Promise<Browser> | undefined
afterAll(async () => (await connection)?.close())

/** A group of tests in Chromium, at the same time if they measure none; skipped, with the reason in its title, where there is no browser. */
export function describeInChromium(title: string, mode: 'concurrent' | 'sequential', tests: () => void): void {
  const described = missing === undefined ? title : `${title} (skipped: ${missing})`
  describe.skipIf(missing !== undefined)(described, { concurrent: mode === 'concurrent' }, () => {
    tests()
  })
}

/** A page that is open. */
export interface OpenPage {
  readonly page: Page
  /** Errors that nobody caught, in the page. */
  readonly uncaught: readonly string[]
  /** Addresses that the page asked for, without the origin. */
  readonly requests: readonly string[]
}

/** Opens `path` of the built pages in a world. `before` runs in the page before its own scripts. */
export type Open = (world: WorldName, path: string, before?: () => void) => Promise<OpenPage>

/** vitest's `test` with `open`; what it opens is closed when the test ends. */
export const test: TestAPI<{ open: Open }> = base.extend<{ open: Open }>({
  open: async ({ task: _task }, use) => {
    const contexts: BrowserContext[] = []
    await use(async (world, path, before) => {
      if ('failed' in here) throw new Error(here.failed)
      if ('missing' in here) throw new Error('pages are opened in describeInChromium only')
      connection ??= chromium.connect(here.endpoint)
      const context = await (await connection).newContext({ viewport: { width: 900, height: 900 } })
      contexts.push(context)
      const page = await context.newPage()
      const uncaught: string[] = []
      const requests: string[] = []
      page.on('pageerror', (error) => uncaught.push(String(error)))
      page.on('request', (request) => requests.push(request.url().replace(here.origin, '')))
      if (before !== undefined) await page.addInitScript(before)
      await page.goto(`${here.origin}/${world}/${path}`)
      return { page, uncaught, requests }
    })
    await Promise.all(contexts.map((context) => context.close()))
  },
})
