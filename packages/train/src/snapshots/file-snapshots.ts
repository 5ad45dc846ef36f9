// Snapshots in a file, in Node.

import { RnnError } from '@rnn/core'
import type { SnapshotStore } from './snapshot-store.ts'

/** What is used of Node's file system. */
interface FileSystem {
  writeFile(path: string, bytes: Uint8Array): Promise<void>
  rename(from: string, to: string): Promise<void>
  readFile(path: string): Promise<Uint8Array>
}

/**
 * Keeps the snapshot in a file, which is a checkpoint: `trainer.restore` of another program reads it. It is written beside its place and renamed, so that
 * there is a whole one at any time.
 *
 * ```ts
 * const store = fileSnapshots('training.safetensors')
 * await store.load() // → undefined
 * ```
 *
 * `save` rejects with what the file system says: a full disk ends the training, with the last snapshot in place.
 */
export function fileSnapshots(path: string): SnapshotStore {
  return {
    async save(bytes) {
      const { writeFile, rename } = await fileSystem()
      await writeFile(`${path}.part`, bytes)
      await rename(`${path}.part`, path)
    },
    async load() {
      const { readFile } = await fileSystem()
      try {
        return Uint8Array.from(await readFile(path))
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw error
      }
    },
  }
}

/** Under a name that bundlers for the browser don't follow. */
async function fileSystem(): Promise<FileSystem> {
  const name = 'node:fs/promises'
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as FileSystem
  } catch (cause) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'fileSnapshots',
      problem: 'there are no files here',
      fix: 'use indexedDbSnapshots in a browser',
      cause,
    })
  }
}
