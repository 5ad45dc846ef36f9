// Where event files go.

import { RnnError } from '@rnn/core'

/** Takes the bytes of event files. */
export interface EventSink {
  /** Adds to the end of a file; makes it, with its folders, where there is none. */
  append(path: string, bytes: Uint8Array): Promise<void>
}

/** What is used of Node's file system. */
interface FileSystem {
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>
  appendFile(path: string, bytes: Uint8Array): Promise<void>
}

/** Files, in Node. */
export function fileSink(): EventSink {
  return {
    async append(path, bytes) {
      const { mkdir, appendFile } = await fileSystem()
      await mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
      await appendFile(path, bytes)
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
      operation: 'tensorBoard',
      problem: 'there are no files here',
      fix: 'give it a sink, which sends the bytes to where there are',
      cause,
    })
  }
}
