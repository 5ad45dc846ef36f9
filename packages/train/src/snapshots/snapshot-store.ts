// Where snapshots of a training are kept: memory, a file, IndexedDB, or a place of one's own.

/** Keeps one snapshot: the last. */
export interface SnapshotStore {
  /** Takes the place of the snapshot before, which stays until the new one is whole. */
  save(bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** The last snapshot; undefined where there is none. */
  load(): Promise<Uint8Array<ArrayBuffer> | undefined>
}

/** Keeps the snapshot in this program's memory: it outlives the device, not the program. */
export function memorySnapshots(): SnapshotStore {
  let last: Uint8Array<ArrayBuffer> | undefined
  return {
    save: async (bytes) => {
      last = bytes
    },
    load: async () => last,
  }
}
