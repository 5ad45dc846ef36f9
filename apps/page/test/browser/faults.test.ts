// What goes wrong around a page ends in words that say what and why, and never in a wait without end.

import { expect } from 'vitest'
import type { Delivery } from '../../build/build.ts'
import { describeInChromium, test, type Open } from './open.ts'
import type { WorldName } from './server.ts'
import { ending } from './trained-page.ts'

/** A start or a training that fails must say so within this time. */
const PATIENCE = 15_000

async function errorOf(
  open: Open,
  world: WorldName,
  query: string,
  { before, build = 'vite' }: { readonly before?: () => void; readonly build?: Delivery } = {},
): Promise<string> {
  const { page, uncaught } = await open(world, `${build}/index.html?${query}&epochs=50&start`, before)
  const { state, error } = await ending(page, PATIENCE)
  expect({ state, uncaught }).toEqual({ state: 'failed', uncaught: [] })
  return error
}

const places = [
  { place: 'page', where: 'in the page' },
  { place: 'worker', where: 'in a worker' },
]

describeInChromium('a .wasm file', 'concurrent', () => {
  for (const { place, where } of places) {
    test(`that is missing is an error that says so, ${where}`, async ({ open }) => {
      expect(await errorOf(open, 'wasm-missing', `place=${place}`)).toMatch(/relaxed-simd.*\.wasm gives 404.*wasmUrl/)
    })

    test(`that is the application's HTML is an error that says so, ${where}`, async ({ open }) => {
      expect(await errorOf(open, 'wasm-as-html', `place=${place}`)).toMatch(
        /\.wasm is an HTML page, no WebAssembly.*wasmUrl/,
      )
    })

    test(`that is HTML under the type of WebAssembly is an error, ${where}`, async ({ open }) => {
      expect(await errorOf(open, 'html-that-says-it-is-wasm', `place=${place}`)).toMatch(
        /\.wasm does not compile.*wasmUrl/,
      )
    })

    test(`of another content type is compiled all the same, ${where}`, async ({ open }) => {
      const { page } = await open('wasm-of-another-type', `vite/index.html?place=${place}&epochs=1&start`)
      expect(await ending(page)).toMatchObject({ state: 'done', error: '' })
    })
  }
})

describeInChromium('an engine without SIMD', 'concurrent', () => {
  test('is named, in the page', async ({ open }) => {
    const before = (): void => {
      WebAssembly.validate = () => false
    }
    const error = await errorOf(open, 'plain', 'place=page', { before })
    expect(error).toMatch(/this engine has no WebAssembly SIMD; use @rnn\/backend-cpu/)
  })

  test('is named, in a worker', async ({ open }) => {
    expect(await errorOf(open, 'worker-without-simd', 'place=worker')).toMatch(
      /this engine has no WebAssembly SIMD; use @rnn\/backend-cpu/,
    )
  })
})

describeInChromium('a page that is not cross-origin isolated', 'concurrent', () => {
  for (const { place, where } of places) {
    test(`trains with one thread when two are asked for, and says why, ${where}`, async ({ open }) => {
      const { page } = await open('plain', `vite/index.html?place=${place}&threads=2&epochs=1&start`)
      const { state, device } = await ending(page)
      expect(state).toBe('done')
      expect(device).toMatch(/one thread: memory can be shared by cross-origin isolated pages only.*COOP.*COEP/)
    })
  }
})

describeInChromium('a thread', 'concurrent', () => {
  test('whose script is missing is an error that says what to do', async ({ open }) => {
    const error = await errorOf(open, 'thread-missing', 'place=page&threads=2', { build: 'unbundled' })
    expect(error).toMatch(/a worker thread could not start .*worker\.js of @rnn\/backend-wasm.*one thread/)
  })
})

describeInChromium('a worker', 'concurrent', () => {
  test('whose script is missing is an error', async ({ open }) => {
    expect(await errorOf(open, 'worker-missing', 'place=worker')).toMatch(/remote: .*could not be loaded/)
  })

  test("whose script is the application's HTML is an error", async ({ open }) => {
    expect(await errorOf(open, 'worker-as-html', 'place=worker')).toMatch(/remote: .*could not be loaded/)
  })

  test('whose script throws is an error with its words', async ({ open }) => {
    expect(await errorOf(open, 'worker-throws', 'place=worker')).toMatch(/this worker is broken/)
  })

  test('that throws in the middle of training ends it with its words', async ({ open }) => {
    expect(await errorOf(open, 'worker-crashes', 'place=worker')).toMatch(/out of luck/)
  })

  test('that ends in the middle of training ends it, and the page can train again', async ({ open }) => {
    const { page } = await open('worker-closes', 'vite/index.html?epochs=50&start')
    expect(await ending(page, PATIENCE)).toMatchObject({ state: 'failed', error: expect.stringMatching(/worker/) })
    await page.locator('[name=place]').selectOption('page')
    await page.locator('[name=epochs]').fill('1')
    await page.locator('#start').click()
    await page.locator('body[data-state=done]').waitFor()
    expect(await page.locator('#error').isVisible()).toBe(false)
  })
})
