// What core remembers about a backend: its stack of scopes and which fused ops ran fused. It belongs to the backend, not to the module:
// two backends never see one another's.

import type { OpenCapture } from './capture.ts'
import type { Backend } from './contract/backend.ts'
import type { FusedName } from './contract/op-call.ts'
import type { Tensor } from './tensor.ts'

/** How often a fused op ran as such, and how often core ran its composite instead. */
export interface FusedCount {
  fused: number
  composite: number
}

/** All of it, for one backend. */
export interface BackendState {
  /** Tensors to free at the end of each open scope, innermost last. */
  readonly scopes: Set<Tensor>[]
  readonly fusedCounts: Map<FusedName, FusedCount>
  /** Where calls and new storages are noted while a capture is open. */
  capture: OpenCapture | undefined
}

const states = new WeakMap<Backend, BackendState>()

/** The state of a backend, made when first asked for. */
export function stateOf(backend: Backend): BackendState {
  let state = states.get(backend)
  if (state === undefined) {
    state = { scopes: [], fusedCounts: new Map(), capture: undefined }
    states.set(backend, state)
  }
  return state
}

/**
 * How often each fused op of a backend ran fused, and how often as core's composite, since the backend was made. Ops that never ran are missing.
 *
 * ```ts
 * fusedCounts(backend).recurrentForward // { fused: 12, composite: 0 }
 * ```
 */
export function fusedCounts(backend: Backend): Readonly<Partial<Record<FusedName, Readonly<FusedCount>>>> {
  return Object.fromEntries([...stateOf(backend).fusedCounts].map(([name, count]) => [name, { ...count }]))
}
