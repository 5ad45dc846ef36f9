/** Writing files so that a failure loses nothing. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ensureWritable, listFolder, writeTogether } from '../src/files.ts'
import { makeFolder, removeFolder } from '../src/testing.ts'

function temporaryFolder(files?: Readonly<Record<string, string>>): string {
  const folder = makeFolder(files)
  onTestFinished(() => removeFolder(folder))
  return folder
}

test('files are written together: when one can not be, the others stay as they were', async () => {
  const folder = temporaryFolder({ a: 'before' })
  await expect(writeTogether(folder, { a: 'after', 'missing/b': 'new' })).rejects.toMatchObject({
    code: 'E_FILE',
    message: expect.stringContaining('what was there is unchanged'),
  })
  expect(readdirSync(folder)).toEqual(['a'])
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('before')
  await writeTogether(folder, { a: 'after', b: Uint8Array.of(1, 2) })
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('after')
  expect([...readFileSync(join(folder, 'b'))]).toEqual([1, 2])
})

test('what a killed program left behind is no content, and goes with the next training', async () => {
  const folder = temporaryFolder({ '.weights.safetensors.0a1b2c3d.part': 'half', kept: '' })
  expect(await listFolder(folder)).toEqual(['kept'])
  await ensureWritable(folder)
  expect(readdirSync(folder)).toEqual(['kept'])
})

test('folders are made with those above them', async () => {
  const folder = join(temporaryFolder(), 'a/b/c')
  expect(await listFolder(folder)).toBeUndefined()
  await ensureWritable(folder)
  expect(await listFolder(folder)).toEqual([])
})
