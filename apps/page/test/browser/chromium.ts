// Debian's Chromium, as the tests run it.

import { existsSync } from 'node:fs'
import { chromium, type BrowserServer } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'

/** Nothing that would reach for the network or ask the user. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why the tests can't run here, or undefined where they can. @throws in continuous integration, where they must */
export function whyNoChromium(): string | undefined {
  if (existsSync(EXECUTABLE)) return undefined
  const reason = `there is no ${EXECUTABLE} (Debian: apt-get install chromium)`
  if (process.env['CI'] === 'true') throw new Error(`the browser tests must run here, but ${reason}`)
  return reason
}

/** Starts it, headless, for clients to connect to. */
export function launchChromium(): Promise<BrowserServer> {
  return chromium.launchServer({ executablePath: EXECUTABLE, headless: true, args: FLAGS })
}
