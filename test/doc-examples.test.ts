/**
 * Runs the examples of the documentation: every block marked `ts` in the doc comments of packages/*\/src, in the packages'
 * READMEs and in the root's. An example uses the packages' exports without importing them, and the names of doc-fixtures.ts
 * without declaring them. A line `expression // → value` states what the expression gives; `…` stands for the reader's own
 * statement; members of a class are run as the class that has them.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportsOf, fixtures, packageNames } from './doc-fixtures.ts'

const root = join(import.meta.dirname, '..')

interface Example {
  readonly title: string
  readonly file: string
  readonly code: string
}

function examplesIn(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  return Array.from(text.matchAll(/^( *\* ?)?```ts\n(.*?)^(?: *\* ?)?```/gms), (match) => {
    const [, prefix, block = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    const code = prefix === undefined ? block : block.replace(/^ *\* ?/gm, '')
    return { title: `${file}:${line}`, file, code }
  })
}

/** The example as statements: imports become a destructuring of what is in scope already, stated values become checks. */
function runnable(code: string): string {
  const isMember = /^(readonly|forward\()/.test(code)
  const script = (isMember ? `new (class extends Module {\n${code}})()` : code)
    .replaceAll('…', '{}')
    .replace(/^import type .*$/gm, '')
    .replace(/^import \{([^}]*)\} from '([^']+)'$/gm, (_, names: string, from: string) => {
      const renamed = names.replace(/\btype \w+,?/g, '').replace(/(\w+) as (\w+)/g, '$1: $2')
      return `const {${renamed}} = exportsOf('${from}')`
    })
    .replace(/^(?!\s*(?:const|let) )(.+?);? \/\/ → (.+)$/gm, (_, expression: string, expected: string) => {
      return `check(await (${expression}), ${expected})`
    })
  return stripTypeScriptTypes(script)
}

function check(value: unknown, expected: unknown): void {
  expect(plain(value)).toEqual(expected)
}

/** Typed arrays compare as lists. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float32Array)
  if (Array.isArray(value)) return value.map(plain)
  return value
}

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...names: unknown[]) => Promise<void>

/** Names of the example's own package come before those of other packages. */
async function runExample({ file, code }: Example, packageName: string): Promise<void> {
  const names: Record<string, unknown> = { exportsOf, check, ...(await fixtures(file)), ...exportsOf(packageName) }
  for (const other of packageNames) {
    for (const [name, value] of Object.entries(exportsOf(other))) names[name] ??= value
  }
  // The inner block lets an example declare a name that is also in scope.
  await new AsyncFunction(...Object.keys(names), `'use strict'; {\n${runnable(code)}\n}`)(...Object.values(names))
}

/** A package whose examples need more than doc-fixtures.ts has runs them itself. */
const runsItsOwn = (name: string): boolean =>
  existsSync(join(root, name.replace('@rnn/', 'packages/'), 'test/examples.test.ts'))

describe.each(packageNames.filter((name) => !runsItsOwn(name)))('examples of %s run', (packageName) => {
  const folder = packageName.replace('@rnn/', 'packages/')
  const files = globSync(`${folder}/src/**/*.ts`, { cwd: root }).toSorted()
  const readme = `${folder}/README.md`
  const examples = [...(existsSync(join(root, readme)) ? [readme] : []), ...files].flatMap(examplesIn)
  test.each(examples)('$title', (example) => runExample(example, packageName))
})

describe('the example of the README runs', () => {
  test.each(examplesIn('README.md'))('$title', (example) => runExample(example, '@rnn/train'))
})
