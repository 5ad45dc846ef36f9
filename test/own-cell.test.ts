/** Runs the code of docs/cells.md, a cell of the reader's own, on every backend: it must learn, and to the same losses. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import type { Backend } from '@rnn/core'
import type { History } from '@rnn/train'
import { beforeAll, describe, expect, test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from '../packages/backend-webgpu/test/adapter.ts'
import { exportsOf } from './doc-fixtures.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/cells.md'), 'utf8')
const code = Array.from(page.matchAll(/^```ts\n(.*?)^```/gms), ([, block = '']) => block)

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...values: unknown[]) => Promise<Outcome>

/** What the page's code ends up with. */
interface Outcome {
  readonly history: History
  readonly first: Float32Array
  readonly types: readonly string[]
}

/** All blocks of the page as one function of the backend; imports take from what is there already. */
function run(backend: Backend): Promise<Outcome> {
  const script = stripTypeScriptTypes(code.join('\n')).replace(
    /^import \{([^}]*)\} from '([^']+)'$/gm,
    (_, names: string, from: string) => `const {${names}} = exportsOf('${from}')`,
  )
  const body = `'use strict'\n${script}\nreturn { history, first, types: [both.type, again.type] }`
  return new AsyncFunction('backend', 'exportsOf', body)(backend, exportsOf)
}

const absent = await whyNoAdapter()

const BACKENDS: readonly { readonly title: string; readonly why?: string | undefined; make(): Promise<Backend> }[] = [
  { title: 'cpu', make: () => cpu() },
  { title: 'wasm', make: () => wasm() },
  { title: 'webgpu', make: () => makeWebgpu(), why: absent },
]

describe('the cell of docs/cells.md', () => {
  let onCpu: readonly number[] = []
  beforeAll(async () => {
    onCpu = (await run(await cpu())).history.column('loss')
  })

  test('has at most 20 lines', () => {
    const [cell = ''] = code
    expect(cell.slice(cell.indexOf('const mgu')).trim().split('\n').length).toBeLessThanOrEqual(20)
  })

  test.for(BACKENDS)('learns on $title', async ({ make, why }, { skip }) => {
    if (why !== undefined) skip(why)
    const backend = await make()
    const { history, first, types } = await run(backend)
    const losses = history.column('loss')
    expect(losses.at(-1)).toBeLessThan(0.05)
    expect(history.column('accuracy').at(-1)).toBeGreaterThan(0.95)
    // Each rounds in its own way, and training carries that on: the first losses agree to five digits.
    losses.slice(0, 3).forEach((loss, epoch) => expect(loss).toBeCloseTo(onCpu[epoch] ?? NaN, 5))
    expect(first.length).toBe(2)
    expect(types).toEqual(['bidirectional mgu', 'sequential'])
    await backend.dispose()
  })
})
