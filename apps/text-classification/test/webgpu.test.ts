/** The program on a GPU, or on one that is imitated in software: it says which, and learns what it learns elsewhere. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { whyNoGpu } from 'app-kit/testing'
import { expect, test } from 'vitest'
import { run, smallTable, temporaryFolder, tiny } from './program.ts'

const absent = await whyNoGpu()
const remark = absent === undefined ? '' : ` (skipped: ${absent})`

const folder = temporaryFolder({ 'table.tsv': smallTable() })
const at = (name: string): string => join(folder, name)
const train = (backend: string, out = backend) =>
  run(['train', '--data', at('table.tsv'), ...tiny, '--backend', backend, '--out', at(out)])

/** The losses of a training, by epoch. */
function lossesOf(out: string): number[] {
  const [header = '', ...rows] = readFileSync(join(at(out), 'history.csv'), 'utf8')
    .trim()
    .split('\n')
  const columns = header.split(',')
  return rows.flatMap((row) => ['loss', 'validationLoss'].map((name) => Number(row.split(',')[columns.indexOf(name)])))
}

test.skipIf(absent)(`train --backend webgpu names the adapter, and learns what wasm learns${remark}`, async () => {
  const [onGpu, onWasm] = [await train('webgpu'), await train('wasm')]
  expect({ code: onGpu.code, other: onWasm.code }).toEqual({ code: 0, other: 0 })
  expect(onGpu.stderr).toMatch(/ epochs on webgpu \(.+\)\n/)
  expect(onGpu.stderr.includes('a GPU imitated in software')).toBe(/swiftshader|llvmpipe/i.test(onGpu.stderr))

  const [losses, expected] = [lossesOf('webgpu'), lossesOf('wasm')]
  expect(losses).toHaveLength(4)
  // Four updates, of which each may err by 3·10⁻⁶ of what it changes.
  losses.forEach((loss, i) => expect(Math.abs(loss / expected[i]! - 1)).toBeLessThan(4 * 3e-6))

  const texts = ['a fine and lovely thing', 'a poor and awful thing']
  const [there, here] = await Promise.all(
    ['webgpu', 'wasm'].map((name) => run(['predict', '--json', '--model', at('webgpu'), '--backend', name, ...texts])),
  )
  expect(there!.code).toBe(0)
  const labels = (stdout: string) => [...stdout.matchAll(/"label":"(\w+)"/g)].map(([, label]) => label)
  expect(labels(there!.stdout)).toEqual(labels(here!.stdout))
  expect(labels(there!.stdout)).toHaveLength(2)
})

test.runIf(process.platform === 'linux')('where no driver answers, the error says what there is instead', async () => {
  const before = process.env['VK_DRIVER_FILES']
  process.env['VK_DRIVER_FILES'] = at('no-driver.json')
  try {
    const { code, stdout, stderr } = await train('webgpu', 'nowhere')
    expect(code).toBe(1)
    expect(stdout).toBe('')
    // The Vulkan loader may say something before.
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^error: --backend webgpu can't run here: .*(adapter|'webgpu' can't be loaded).*; --backend wasm .*VK_DRIVER_FILES/,
    )
  } finally {
    if (before === undefined) delete process.env['VK_DRIVER_FILES']
    else process.env['VK_DRIVER_FILES'] = before
  }
})
