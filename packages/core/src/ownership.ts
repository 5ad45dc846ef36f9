// Who frees a tensor, if nobody calls `dispose`: the innermost scope of its backend, or else the garbage collector.

import { stateOf } from './backend-state.ts'
import type { Storage } from './storage.ts'
import type { Tensor } from './tensor.ts'

// Serves tensors outside any scope only. It holds the storage, never the tensor.
const registry = /* @__PURE__ */ new FinalizationRegistry<Storage>((storage) => storage.release())

/** Gives a new tensor to the innermost scope of its backend. Called by the constructor of Tensor. */
export function adopt(tensor: Tensor): void {
  const innermost = stateOf(tensor.backend).scopes.at(-1)
  if (innermost === undefined) release(tensor)
  else give(tensor, innermost)
}

/** Lists a tensor with a scope. */
export function give(tensor: Tensor, scope: Set<Tensor>): void {
  scope.add(tensor)
  tensor.owner = scope
}

/** Leaves a tensor to `dispose` and the garbage collector. */
export function release(tensor: Tensor): void {
  tensor.owner = 'collector'
  registry.register(tensor, tensor.storage, tensor)
}

/** Strikes a tensor out of its owner's list. */
export function disown(tensor: Tensor): void {
  const { owner } = tensor
  if (owner === 'collector') registry.unregister(tensor)
  else owner?.delete(tensor)
  tensor.owner = undefined
}
