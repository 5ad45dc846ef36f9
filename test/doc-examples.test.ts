/**
 * Runs the examples of the documentation: every block marked `ts` in the doc comments of packages/*\/src and in the
 * packages' READMEs. An example uses the packages' exports without importing them, and the names of doc-fixtures.ts
 * without declaring them. A line `expression // → value` states what the expression gives; `…` stands for the reader's own
 * statement.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportsOf, fixtures, packageNames } from './doc-fixtures.ts'

const root = join(import.meta.dirname, '..')

interface Example {
  readonly title: string
  readonly code: string
}

function examplesIn(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  return Array.from(text.matchAll(/^( *\* ?)?```ts\n(.*?)^(?: *\* ?)?```/gms), (match) => {
    const [, prefix, block = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    return { title: `${file}:${line}`, code: prefix === undefined ? block : block.replace(/^ *\* ?/gm, '') }
  })
}

/** The example as statements: imports become a destructuring of what is in scope already, stated values become checks. */
function runnable(code: string): string {
  const script = code
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

/** Typed arrays compare as lists, tensors by what `data()` would give is the example's own business. */
function check(value: unknown, expected: unknown): void {
  expect(plain(value)).toEqual(expected)
}

function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float32Array)
  if (Array.isArray(value)) return value.map(plain)
  return value
}

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...names: unknown[]) => Promise<void>

async function runExample(packageName: string, code: string): Promise<void> {
  const names: Record<string, unknown> = { exportsOf, check, ...(await fixtures()), ...exportsOf(packageName) }
  for (const other of packageNames) {
    for (const [name, value] of Object.entries(exportsOf(other))) names[name] ??= value
  }
  // The inner block lets an example declare a name that is also in scope.
  await new AsyncFunction(...Object.keys(names), `'use strict'; {\n${runnable(code)}\n}`)(...Object.values(names))
}

describe.each(packageNames)('examples of %s run', (packageName) => {
  const folder = packageName.replace('@rnn/', 'packages/')
  const files = globSync(`${folder}/src/**/*.ts`, { cwd: root }).toSorted()
  const readme = `${folder}/README.md`
  const examples = [...(existsSync(join(root, readme)) ? [readme] : []), ...files].flatMap(examplesIn)
  test.each(examples)('$title', ({ code }) => runExample(packageName, code))
})
