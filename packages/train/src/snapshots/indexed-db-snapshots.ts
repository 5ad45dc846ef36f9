// Snapshots in IndexedDB, in browsers and their workers.

import { RnnError } from '@rnn/core'
import type { SnapshotStore } from './snapshot-store.ts'

const STORE = 'snapshots'

/**
 * Keeps the snapshot in the page's IndexedDB, under a name: it outlives the page.
 *
 * `save` and `load` reject with E_UNSUPPORTED where there is no IndexedDB, and with what the browser says otherwise (its quota, say).
 */
export function indexedDbSnapshots(name: string): SnapshotStore {
  return {
    save: async (bytes) => {
      await inStore(name, 'readwrite', (store) => store.put(bytes, 'last'))
    },
    load: () => inStore<Uint8Array<ArrayBuffer> | undefined>(name, 'readonly', (store) => store.get('last')),
  }
}

async function inStore<Result>(
  name: string,
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest,
): Promise<Result> {
  const database = await open(name)
  try {
    const transaction = database.transaction(STORE, mode)
    const request = ask(transaction.objectStore(STORE))
    await new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve())
      transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('the transaction was aborted')))
    })
    return request.result as Result
  } finally {
    database.close()
  }
}

function open(name: string): Promise<IDBDatabase> {
  const { indexedDB } = globalThis as { readonly indexedDB?: IDBFactory }
  if (indexedDB === undefined) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'indexedDbSnapshots',
      problem: 'there is no IndexedDB here',
      fix: 'use fileSnapshots in Node',
    })
  }
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`rnn ${name}`, 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the database could not be opened')))
  })
}
