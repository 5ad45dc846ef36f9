// The training page, as a user sees it.

import type { Page } from 'playwright-core'
import type { Responsiveness } from '../../src/responsiveness.ts'

/** What the page shows once its training has ended. */
export interface Ending {
  readonly state: string
  readonly error: string
  readonly device: string
  readonly history: readonly Readonly<Record<string, number>>[]
  readonly seen: Responsiveness | undefined
}

/** Waits for the end of the training that the address has started. */
export async function ending(page: Page, milliseconds = 30_000): Promise<Ending> {
  const words = (id: string): Promise<string> => page.locator(`#${id}`).innerText()
  const data = async (id: string, name: string): Promise<unknown> => {
    const text = await page.locator(`#${id}`).getAttribute(name)
    return text === null ? undefined : JSON.parse(text)
  }
  await page.locator('body:is([data-state=done], [data-state=stopped], [data-state=failed])').waitFor({
    timeout: milliseconds,
  })
  return {
    state: (await page.locator('body').getAttribute('data-state')) ?? '',
    error: (await page.locator('#error').isVisible()) ? await words('error') : '',
    device: await words('device'),
    history: ((await data('figures', 'data-history')) ?? []) as Ending['history'],
    seen: (await data('longest', 'data-seen')) as Responsiveness | undefined,
  }
}
