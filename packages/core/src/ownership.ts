// Who frees a tensor: the innermost scope of its backend, or else the garbage collector and `dispose`.

import { stateOf } from './backend-state.ts'
import type { Storage } from './storage.ts'
import type { Tensor } from './tensor.ts'

// Serves tensors outside any scope only. It holds the storage, never the tensor.
const registry = /* @__PURE__ */ new FinalizationRegistry<Storage>((storage) => storage.release())

// Where a tensor is listed, so that `keep` and `dispose` can strike it out.
const owners = /* @__PURE__ */ new WeakMap<Tensor, Set<Tensor>>()

/** The list of the scope that will free the tensor; undefined outside any scope. */
export function ownerOf(tensor: Tensor): Set<Tensor> | undefined {
  return owners.get(tensor)
}

/** Gives a new tensor to the innermost scope of its backend. Called by the constructor of Tensor. */
export function adopt(tensor: Tensor): void {
  const innermost = stateOf(tensor.backend).scopes.at(-1)
  if (innermost === undefined) release(tensor)
  else give(tensor, innermost)
}

/** Lists a tensor with a scope. */
export function give(tensor: Tensor, scope: Set<Tensor>): void {
  scope.add(tensor)
  owners.set(tensor, scope)
}

/** Leaves a tensor to `dispose` and the garbage collector. */
export function release(tensor: Tensor): void {
  registry.register(tensor, tensor.storage, tensor)
}

/** Strikes a tensor out of its owner's list. */
export function disown(tensor: Tensor): void {
  const owner = owners.get(tensor)
  if (owner === undefined) {
    registry.unregister(tensor)
  } else {
    owner.delete(tensor)
    owners.delete(tensor)
  }
}
