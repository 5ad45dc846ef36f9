// Named tensors that outlive a step, and moving them to another backend in two phases: what can fail comes first, then the swap, which can't.

import { allocateTensor, assign, keep, readTensors, tensor, type Backend, type Tensor } from '@rnn/core'

/** Tensors that lie on the new backend already, and wait to take the place of the old ones. */
export interface PreparedMove {
  /** Frees the old tensors and takes over the new ones. */
  swap(): void
  /** Frees the new ones. */
  cancel(): void
}

/** Copies that belong to the caller, by the same names. They hold what the tensors held at the call. */
export async function copyTo(backend: Backend, tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
  const entries = [...tensors]
  const values = await readTensors(entries.map(([, each]) => each))
  const copies = new Map<string, Tensor>()
  try {
    entries.forEach(([name, { shape, dtype }], i) => {
      const data = values[i] ?? new Float32Array(0)
      copies.set(name, keep(tensor(data, { backend, shape, dtype, role: 'parameter' })))
    })
    return copies
  } catch (error) {
    freeAll(copies)
    throw error
  }
}

/** A copy on the same backend that outlives every scope; whoever asks owns it. */
export function persistentCopy(x: Tensor): Tensor {
  const copy = keep(allocateTensor(x.backend, x.shape, x.dtype, 'parameter'))
  assign(copy, x)
  return copy
}

/** Frees the tensors and forgets them. */
export function freeAll(tensors: Map<string, Tensor>): void {
  for (const each of tensors.values()) each.dispose()
  tensors.clear()
}
