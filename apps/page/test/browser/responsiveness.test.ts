// A page that trains through a worker stays alive, and does what its users ask of it.

import { expect } from 'vitest'
import { describeInChromium, test } from './open.ts'
import { ending } from './trained-page.ts'

/** What the browser calls a long task. */
const LONG = 50

describeInChromium('a page that trains the text classifier on wasm through the worker', 'sequential', () => {
  // The browser measures time, not work: a program that takes the processor away for 50 ms looks like a long task. Hence the retries.
  test('has no task over 50 ms while it trains', { retry: 3 }, async ({ open }) => {
    const { page } = await open('plain', 'vite/index.html?epochs=6')
    // The page is loaded and its corpus made. What follows, from the first step to the last, counts; loading, making the backend and the model before it do not.
    await page.locator('#start').click()
    const { state, error, seen } = await ending(page)
    expect({ state, error }).toEqual({ state: 'done', error: '' })
    expect(seen?.longTasks).toEqual([])
    // The watch was awake all the time.
    expect(seen?.turns).toBeGreaterThan(100)
  })

  test('has none on WebGPU either, on the page itself', { retry: 3, timeout: 300_000 }, async ({ open }) => {
    const { page } = await open('plain', 'vite/index.html?backend=webgpu&place=page&epochs=2&reviews=320')
    await page.locator('#start').click()
    const { state, error, device, history, seen } = await ending(page, 200_000)
    expect({ state, error }).toEqual({ state: 'done', error: '' })
    expect(device).toMatch(/^webgpu: .*swiftshader.*, a GPU imitated in software$/i)
    expect(history[1]!['loss']).toBeLessThan(history[0]!['loss']!)
    expect(seen?.longTasks).toEqual([])
    expect(seen?.turns).toBeGreaterThan(100)
  })

  test('is what the watch would notice: on the page itself, long steps are long tasks', async ({ open }) => {
    const { page } = await open('plain', 'vite/index.html?place=page&backend=cpu&epochs=1&start')
    await page.locator('body[data-state=training]').waitFor()
    await page.waitForTimeout(1500)
    await page.locator('#stop').click()
    const { seen } = await ending(page)
    expect(Math.max(...(seen?.longTasks ?? []))).toBeGreaterThan(LONG)
  })

  test('stops when told to, and judges a text', async ({ open }) => {
    const { page } = await open('plain', 'vite/index.html?epochs=50&start')
    await page.locator('#accuracy', { hasText: '%' }).waitFor()
    await page.locator('#stop').click()
    await page.locator('body[data-state=stopped]').waitFor({ timeout: 2000 })
    await page.locator('[name=text]').fill('the room was not lovely but awful')
    await page.locator('#verdict', { hasText: /negative/ }).waitFor()
  })
})
