// Debian's Chromium, as the tests run it.

import { existsSync } from 'node:fs'
import { chromium, type BrowserServer } from 'playwright-core'

const EXECUTABLE = '/usr/bin/chromium'

/** Nothing that would reach for the network or ask the user; WebGPU on the driver in software that Chromium brings. */
const FLAGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why the tests can't run here, or undefined where they can. */
export function whyNoChromium(): string | undefined {
  return existsSync(EXECUTABLE) ? undefined : `there is no ${EXECUTABLE} (Debian: apt-get install chromium)`
}

/** Starts it, headless, for clients to connect to. */
export function launchChromium(): Promise<BrowserServer> {
  return chromium.launchServer({ executablePath: EXECUTABLE, headless: true, args: FLAGS })
}
