/** Sees that only one training at a time writes into a folder. */

import { rmSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError, hasCode, systemProblem } from './errors.ts'

/** The file that says who writes into a folder; no part of what the folder holds. */
export const lockName = '.training.lock'

/** Throws where another training writes into the folder. What a process that is gone left behind doesn't count. @throws E_FOLDER */
export async function checkUnlocked(folder: string): Promise<void> {
  const path = join(folder, lockName)
  const owner = ownerOf(await readFile(path, 'utf8').catch(() => ''))
  if (owner === undefined || (owner.host === hostname() && !isAlive(owner.pid))) return
  const where = owner.host === hostname() ? '' : ` on ${owner.host}`
  throw new AppError(
    'E_FOLDER',
    `another training (process ${owner.pid}${where}) is writing into ${folder}`,
    `wait for its end or give another folder with --out; if there is none, remove ${path}`,
  )
}

/** Takes a folder that exists for this process, until the function that it gives is called, or the process ends. @throws E_FOLDER */
export async function lockFolder(folder: string): Promise<() => void> {
  await checkUnlocked(folder)
  const path = join(folder, lockName)
  await rm(path, { force: true })
  try {
    await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' })
  } catch (error) {
    if (hasCode(error, 'EEXIST')) await checkUnlocked(folder) // somebody was faster
    else await rm(path, { force: true })
    const problem = `can't write into the folder ${folder}: ${systemProblem(error)}`
    throw new AppError('E_FOLDER', problem, 'give another one with --out', error)
  }
  const release = (): void => {
    process.off('exit', release)
    rmSync(path, { force: true })
  }
  process.on('exit', release)
  return release
}

function ownerOf(text: string): { readonly pid: number; readonly host: string } | undefined {
  const [, pid, host] = /^\{"pid":(\d+),"host":"([^"]*)"\}$/.exec(text) ?? []
  return pid === undefined || host === undefined ? undefined : { pid: Number(pid), host }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
