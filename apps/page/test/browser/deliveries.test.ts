// The page trains however it was built and wherever it computes.

import { expect } from 'vitest'
import { DELIVERIES } from '../../build/build.ts'
import { describeInChromium, test } from './open.ts'
import { ending, type Ending } from './trained-page.ts'

function expectLearning({ state, error, history }: Ending, epochs: number): void {
  expect({ state, error }).toEqual({ state: 'done', error: '' })
  expect(history).toHaveLength(epochs)
  const [first, last] = [history[0]!, history.at(-1)!]
  expect(last['loss']).toBeLessThan(first['loss']! / 2)
  expect(last['validationAccuracy']).toBeGreaterThan(0.9)
}

for (const delivery of DELIVERIES) {
  const address = `${delivery}/index.html?epochs=2&start`

  describeInChromium(`the page from ${delivery}`, 'concurrent', () => {
    test('trains on wasm in a worker, with two threads where the page is isolated', async ({ open }) => {
      const { page, uncaught } = await open('isolated', `${address}&threads=2`)
      const result = await ending(page)
      expectLearning(result, 2)
      expect(result.device).toBe('worker(wasm): WebAssembly (relaxed SIMD), 2 threads')
      expect(uncaught).toEqual([])
    })

    test('trains on wasm in the page itself, with one thread', async ({ open }) => {
      const { page, uncaught, requests } = await open('plain', `${address}&place=page`)
      const result = await ending(page)
      expectLearning(result, 2)
      expect(result.device).toBe('wasm: WebAssembly (relaxed SIMD), one thread')
      expect(uncaught).toEqual([])
      // One build of it, or none where it is inside the script.
      expect(requests.filter((path) => path.endsWith('.wasm'))).toHaveLength(delivery === 'inline' ? 0 : 1)
    })
  })
}

describeInChromium('the page', 'concurrent', () => {
  test('trains on wasm in a worker with one thread', async ({ open }) => {
    const { page } = await open('plain', 'vite/index.html?epochs=2&start')
    const result = await ending(page)
    expectLearning(result, 2)
    expect(result.device).toBe('worker(wasm): WebAssembly (relaxed SIMD), one thread')
  })

  test('trains on wasm with two threads of its own', async ({ open }) => {
    const { page } = await open('isolated', 'vite/index.html?epochs=2&place=page&threads=2&start')
    const result = await ending(page)
    expectLearning(result, 2)
    expect(result.device).toBe('wasm: WebAssembly (relaxed SIMD), 2 threads')
  })

  test('trains on plain JavaScript in a worker', async ({ open }) => {
    const { page } = await open('plain', 'vite/index.html?backend=cpu&epochs=1&start')
    const { state, device, history } = await ending(page, 60_000)
    expect(state).toBe('done')
    expect(history[0]!['validationAccuracy']).toBeGreaterThan(0.9)
    expect(device).toBe('worker(cpu): JavaScript, one thread')
  })
})

/** What a page without a bundler would write. As text: vitest would change its imports. */
const pageOfCdn = (cdn: string): string => `(async () => {
  const { remote } = await import('@rnn/backend-worker')
  const { matmul, tensor } = await import('@rnn/core')
  const url = URL.createObjectURL(new Blob(["import '${cdn}/inline-worker.js'"], { type: 'text/javascript' }))
  const backend = await remote(new Worker(url, { type: 'module' }), { options: { threads: 2 } })
  const product = await matmul(tensor([[1, 2]], { backend }), tensor([[3], [4]], { backend })).data()
  await backend.dispose()
  return { product: Array.from(product), threads: backend.info.threads }
})()`

describeInChromium('a worker from a CDN', 'concurrent', () => {
  test('is one line on the page, and computes with threads', async ({ open }) => {
    const { page } = await open('isolated', 'inline/index.html')
    // Another name is another origin.
    const cdn = `http://localhost:${new URL(page.url()).port}/cdn/inline/packages/backend-wasm`
    expect(await page.evaluate(pageOfCdn(cdn))).toEqual({ product: [11], threads: 2 })
  })
})

/** Saves a snapshot, and reads it as another visit of the page would. */
const SNAPSHOTS = `(async () => {
  const { indexedDbSnapshots } = await import('@rnn/train')
  const before = await indexedDbSnapshots('a training').load()
  await indexedDbSnapshots('a training').save(Uint8Array.of(1, 2, 3))
  await indexedDbSnapshots('a training').save(Uint8Array.of(4, 5))
  const other = await indexedDbSnapshots('another').load()
  return { before, after: Array.from(await indexedDbSnapshots('a training').load()), other }
})()`

describeInChromium('snapshots in IndexedDB', 'concurrent', () => {
  test('keep the last one, by name', async ({ open }) => {
    const { page } = await open('isolated', 'inline/index.html')
    expect(await page.evaluate(SNAPSHOTS)).toEqual({ before: undefined, after: [4, 5], other: undefined })
  })
})
