/** Reading text files, and writing files so that a failure loses nothing: each is written beside its place and renamed when all are there. */

import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { AppError, hasCode, systemProblem } from './errors.ts'
import { lockName } from './folder-lock.ts'

/** A path as messages show it: from the folder where the program runs, if it lies below that. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), resolve(path))
  return shown === '' || shown.startsWith('..') || isAbsolute(shown) ? path : shown
}

/** The bytes of a file. @throws E_FILE that names it */
export async function readBytes(path: string, fix?: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return Uint8Array.from(await readFile(path))
  } catch (error) {
    throw new AppError('E_FILE', `can't read ${shownPath(path)}: ${systemProblem(error)}`, fix, error)
  }
}

/** The text of a UTF-8 file; bytes that are not UTF-8 become U+FFFD, which the readers refuse with their line. @throws E_FILE */
export async function readText(path: string, fix?: string): Promise<string> {
  const bytes = await readBytes(path, fix)
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new AppError('E_FILE', `${shownPath(path)} is compressed (gzip)`, 'unpack it first')
  }
  return new TextDecoder().decode(bytes)
}

/** Files to write, by name within a folder. */
export type FileContents = Readonly<Record<string, string | Uint8Array>>

/**
 * Writes files into a folder: all of them beside their places first, then each renamed, so that a full disk or an interruption leaves
 * what was there before. @throws E_FILE
 */
export async function writeTogether(folder: string, contents: FileContents): Promise<void> {
  const mark = randomBytes(4).toString('hex')
  const files = Object.entries(contents).map(([name, content]) => ({
    content,
    beside: join(folder, `.${name}.${mark}.part`),
    place: join(folder, name),
  }))
  try {
    for (const { beside, content } of files) await writeThrough(beside, content)
    for (const { place } of files) if (await isFolder(place)) throw new Error(`${place} is a folder`) // or the renaming would stop half way
    for (const { beside, place } of files) await rename(beside, place)
  } catch (error) {
    for (const { beside } of files) await rm(beside, { force: true }).catch(() => {})
    throw new AppError(
      'E_FILE',
      `can't write into ${folder}: ${systemProblem(error)}`,
      'what was there is unchanged',
      error,
    )
  }
}

/** Writes a new file down to the disk, so that renaming it can't bring an empty one into place after a crash. */
async function writeThrough(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** What a program that was killed while it wrote leaves behind. */
const leftover = /^\..*\.part$/

/** The names in a folder, without leftovers and locks; undefined if there is no such folder. @throws E_FOLDER */
export async function listFolder(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(folder)).filter((name) => !leftover.test(name) && name !== lockName)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    const blocking = await blockingFile(folder)
    if (blocking !== undefined) throw new AppError('E_FOLDER', `${shownPath(blocking)} is a file`, 'give a folder')
    throw new AppError(
      'E_FOLDER',
      `can't read the folder ${folder}: ${systemProblem(error)}`,
      'give another one',
      error,
    )
  }
}

/** Makes the folder if need be, tries to write into it, and removes leftovers. @throws E_FOLDER */
export async function ensureWritable(folder: string): Promise<void> {
  try {
    await makeFolder(resolve(folder))
    await writeThrough(join(folder, `.${randomBytes(4).toString('hex')}.part`), '')
    for (const name of await readdir(folder)) if (leftover.test(name)) await rm(join(folder, name), { force: true })
  } catch (error) {
    const blocking = await blockingFile(folder)
    const problem = blocking === undefined ? systemProblem(error) : `${shownPath(blocking)} is a file`
    throw new AppError(
      'E_FOLDER',
      `can't write into the folder ${folder}: ${problem}`,
      'give another one with --out',
      error,
    )
  }
}

/**
 * Makes a folder and those above it. (The recursive `mkdir` of Node never ends where the system says of a folder in an existing one that
 * there is no such place, as it does below /proc.)
 */
async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return
  if (folder !== dirname(folder)) await makeFolder(dirname(folder))
  await mkdir(folder)
}

/** The file, if there is one, that stands where a folder of this path should be. */
async function blockingFile(folder: string): Promise<string | undefined> {
  for (let path = resolve(folder); path !== dirname(path); path = dirname(path)) if (await isFile(path)) return path
  return undefined
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
