// Scopes: who calls one frees nothing by hand.

import { stateOf } from './backend-state.ts'
import type { Backend } from './contract/backend.ts'
import { RnnError } from './errors.ts'
import { disown, give, release } from './ownership.ts'
import { Tensor } from './tensor.ts'

/**
 * Takes a tensor out of its scope: from now on it lives until `dispose`, `using` or the garbage collector.
 *
 * @returns the tensor itself
 */
export function keep<T extends Tensor>(tensor: T): T {
  if (tensor.disposed || tensor.owner === 'collector') return tensor
  disown(tensor)
  release(tensor)
  return tensor
}

const AsyncFunction = /* @__PURE__ */ (() => (async () => {}).constructor)()

/**
 * Runs `body` and frees every tensor of `backend` that it made, except those that it returns (alone, or in arrays and plain objects) or hands to
 * `keep`. Returned tensors belong to the enclosing scope. After an error everything is freed.
 *
 * ```ts
 * const norm = scope(backend, () => sqrt(sum(square(x))))
 * ```
 *
 * @throws E_ASYNC_SCOPE for an async function, before it runs: its tensors would be made after the scope has ended
 */
export function scope<R>(backend: Backend, body: () => R): R {
  if (body instanceof AsyncFunction) throw asyncScope('an async function was given')
  const { scopes } = stateOf(backend)
  const own = new Set<Tensor>()
  scopes.push(own)
  let result: R
  try {
    result = body()
    if (isThenable(result)) throw asyncScope('the function returned a promise')
    for (const tensor of tensorsIn(result)) {
      if (tensor.owner !== own) continue
      disown(tensor)
      const outer = scopes.at(-2)
      if (outer === undefined) release(tensor)
      else give(tensor, outer)
    }
  } finally {
    scopes.pop()
    for (const tensor of own) tensor.dispose()
  }
  return result
}

/**
 * Takes a tensor out of its scope, and leaves it to whoever holds it: not even the garbage collector frees its storage. For engines whose every
 * path ends in `dispose`; `keep` is for everyone else.
 *
 * @returns the tensor itself
 */
export function hold<T extends Tensor>(tensor: T): T {
  disown(tensor)
  return tensor
}

/** The tensors in a value: itself, or those in its arrays and plain objects, however deep. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value]
  if (Array.isArray(value)) return value.flatMap(tensorsIn)
  if (isPlainObject(value)) return Object.values(value).flatMap(tensorsIn)
  return []
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function asyncScope(problem: string): RnnError {
  return new RnnError({
    code: 'E_ASYNC_SCOPE',
    operation: 'scope',
    problem: `${problem}, whose tensors would be made after the scope has ended`,
    fix: 'make the scope synchronous and await outside it, or own tensors with `using`',
  })
}
