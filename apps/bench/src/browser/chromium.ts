/** Chromium, as the bench runs it: headless, with WebGPU on the machine's GPU, or on the driver in software that Chromium brings. */

import { existsSync } from 'node:fs'
import { missingPeerPackage, requireFrom } from '../subjects/packages.ts'
import { useAnyDriver } from '../subjects/rnn/vulkan-driver.ts'
import type { Missing } from '../subjects/subject.ts'

/** The folder of `peers/` with what is run in it, and with what drives it. */
export const PEER = 'chromium'

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const ALWAYS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const IN_SOFTWARE = ['--use-webgpu-adapter=swiftshader']
const ON_HARDWARE = ['--use-angle=vulkan', '--ignore-gpu-blocklist']

/** As much of playwright's page as the bench uses. */
export interface Page {
  goto(url: string): Promise<unknown>
  /** Calls a function in the page; its argument and its result are plain data and typed arrays. */
  evaluate<Argument, Result>(run: (argument: Argument) => Result | Promise<Result>, argument: Argument): Promise<Result>
}

interface Browser {
  newPage(): Promise<Page>
  close(): Promise<void>
}

interface Playwright {
  readonly chromium: {
    launch(options: {
      readonly executablePath: string
      readonly headless: boolean
      readonly args: readonly string[]
    }): Promise<Browser>
  }
}

/** What is missing for a page of these packages. */
export function missingInChromium(packages: readonly string[]): Missing | undefined {
  const missing = missingPeerPackage(PEER, [...packages, 'playwright-core'])
  if (missing !== undefined || executable() !== undefined) return missing
  return {
    what: `Chromium (${EXECUTABLES.join(', ')})`,
    fix: 'install it (on Debian: apt-get install chromium), or name one in RNN_CHROMIUM',
  }
}

function executable(): string | undefined {
  return process.env['RNN_CHROMIUM'] ?? EXECUTABLES.find((each) => existsSync(each))
}

/** Starts it. It ends with this process, whose pipe it listens to. */
export async function launchChromium(): Promise<Browser> {
  const { chromium } = requireFrom(PEER)('playwright-core') as Playwright
  return chromium.launch({
    executablePath: executable() ?? 'chromium',
    headless: true,
    args: [...ALWAYS, ...(useAnyDriver() ? IN_SOFTWARE : ON_HARDWARE)],
  })
}
