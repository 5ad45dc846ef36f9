/** A subject whose library runs in a page: its process starts Chromium, and hands tasks, outputs and timings through. */

import type { Preparation, RunLimits, Subject } from '../subjects/subject.ts'
import { useAnyDriver } from '../subjects/rnn/vulkan-driver.ts'
import { launchChromium, missingInChromium, type Page } from './chromium.ts'
import type { LibraryName } from './libraries.ts'
import type * as PageMain from './page-main.ts'
import { serveSources } from './serve.ts'

/** The page of this process, with what closes it. */
interface OpenPage {
  readonly page: Page
  close(): Promise<void>
}

/** A subject on a library of the page that stands on these packages. */
export function subjectInChromium(
  library: LibraryName,
  { packages, ...names }: Pick<Subject, 'id' | 'title'> & { readonly packages: readonly string[] },
): Subject {
  let opened: Promise<OpenPage> | undefined
  return {
    ...names,
    threads: 1,
    missing: () => missingInChromium(packages),
    leavesOut: () =>
      useAnyDriver() ? 'there is no GPU driver here, and in software its times would mean nothing' : undefined,
    async prepare(task): Promise<Preparation> {
      opened ??= openPage()
      const { page, close } = await opened
      const found = await page.evaluate(([library, task]) => bench.prepare(library, task), [library, task] as const)
      if ('cannot' in found) return found
      const { device, implementations, first, probes } = found
      return {
        device,
        probes: probes.map((each, i) => ({
          ...each,
          run: timesItself,
          timeRuns: (limits: RunLimits) =>
            page.evaluate(([index, limits]) => bench.runProbe(index, limits), [i, limits] as const),
        })),
        dispose: close,
        implementations: implementations.map((each, i) => ({
          ...each,
          outputs: () => page.evaluate((index) => bench.outputs(index), first + i),
          run: timesItself,
          timeRuns: (limits: RunLimits) =>
            page.evaluate(([index, limits]) => bench.run(index, limits), [first + i, limits] as const),
        })),
      }
    },
  }
}

function timesItself(): never {
  throw new Error('the page times itself')
}

/** In the page: its program. */
declare const bench: typeof PageMain

async function openPage(): Promise<OpenPage> {
  const server = await serveSources()
  const browser = await launchChromium()
  const page = await browser.newPage()
  await page.goto(server.origin)
  return {
    page,
    async close() {
      await browser.close()
      server.close()
    },
  }
}
