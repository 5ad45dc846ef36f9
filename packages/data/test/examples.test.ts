/**
 * Runs the examples of the README and of the doc comments: every block marked `ts` is a module of plain JavaScript, and
 * a line `expression // → JSON` states what the expression gives.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as data from '../src/index.ts'
import * as subwords from '../src/subwords.ts'

const root = join(import.meta.dirname, '..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name))

interface Example {
  readonly title: string
  readonly code: string
}

function examplesOf(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^ *\* ?/gm, file.endsWith('.md') ? '$&' : '')
  return Array.from(text.matchAll(/^```ts\n(.*?)^```/gms), ([, code = ''], i) => ({ title: `${file} ${i + 1}`, code }))
}

/**
 * The example as the body of an async function: imports become a destructuring, statements about values become checks.
 */
function runnable(code: string): string {
  return code
    .replace(/^import \{([^}]*)\} from '@rnn\/(data|data\/subwords)'$/gm, (_, names: string, from: string) => {
      return `const {${names}} = ${from === 'data' ? 'data' : 'subwords'}`
    })
    .replace(/^(.+?) \/\/ → (.+)$/gm, (_, expression: string, expected: string) => `check(${expression}, ${expected})`)
}

const check = (value: unknown, expected: unknown): void => {
  expect(ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : plain(value)).toEqual(expected)
}
/** As JSON shows it, so that typed arrays within lists compare as lists. */
const plain = (value: unknown): unknown =>
  value === undefined
    ? undefined
    : JSON.parse(JSON.stringify(value, (_, part) => (ArrayBuffer.isView(part) ? Array.from(part as Int32Array) : part)))

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (data: object, subwords: object, check: (value: unknown, expected: unknown) => void) => Promise<void>

const examples = ['README.md', ...files].flatMap(examplesOf)

describe('examples', () => {
  it('are found', () => {
    expect(examples.length).toBeGreaterThan(15)
    expect(examples.some(({ title }) => title.startsWith('README.md'))).toBe(true)
  })

  it.each(examples)('$title', async ({ code }) => {
    expect(code).toContain('→')
    await new AsyncFunction('data', 'subwords', 'check', runnable(code))(data, subwords, check)
  })
})
