// Which layers of a container stand in it several times: a part of its JSON form, as a layer does not know where else it stands.

import { RnnError } from '@rnn/core'
import type { Json } from '../config/config.ts'
import type { AnyModule } from '../module.ts'

/**
 * The first path of a layer by each of its others, for those that stand in different children of `root`: the rest is a child's to tell. A child that is one as
 * a whole, in `root` itself, is not among them.
 *
 * @throws E_CONFIGURATION for a layer in a place where it can't be put when the model is loaded
 */
export function sharedIn(root: AnyModule): Record<string, string> | undefined {
  const shared: Record<string, string> = {}
  const first = new Map<AnyModule, string>()
  const walk = (parent: AnyModule, prefix: string): void => {
    for (const { name, module } of parent.children()) {
      const path = prefix + name
      const before = first.get(module)
      if (before === undefined) {
        first.set(module, path)
        walk(module, `${path}.`)
      } else if (before.split('.')[0] !== path.split('.')[0] && `${before}${path}`.includes('.')) {
        if (placeOf(parent, module) === undefined) throw malformed(root, `'${path}' be '${before}'`)
        shared[path] = before
      }
    }
  }
  walk(root, '')
  return Object.keys(shared).length === 0 ? undefined : shared
}

/** Puts one layer in several places of a container that was made of its JSON form. @throws E_CONFIGURATION for paths at which there is no layer */
export function share(root: AnyModule, shared: Json): void {
  if (typeof shared !== 'object' || shared === null || Array.isArray(shared))
    throw malformed(root, JSON.stringify(shared))
  for (const [path, first] of Object.entries(shared)) {
    const found = at(root, path)
    const module = typeof first === 'string' ? at(root, first)?.module : undefined
    const put = found && placeOf(found.parent, found.module)
    if (module === undefined || put === undefined) throw malformed(root, `'${path}' be ${JSON.stringify(first)}`)
    put(module)
  }
}

/** How to put another module in the place of one, where that is a field of its parent, or in an array or plain record there. */
function placeOf(parent: AnyModule, module: AnyModule): ((next: AnyModule) => void) | undefined {
  const fields: object[] = Object.values(parent).filter((value) => typeof value === 'object' && value !== null)
  for (const holder of [parent, ...fields]) {
    const entry = Object.entries(holder).find(([, value]) => value === module)
    if (entry !== undefined) return (next) => void Object.assign(holder, { [entry[0]]: next })
  }
  return undefined
}

/** The module at a path, and whose child it is. */
function at(parent: AnyModule, path: string): { readonly parent: AnyModule; readonly module: AnyModule } | undefined {
  for (const { name, module } of parent.children()) {
    if (name === path) return { parent, module }
    const found = path.startsWith(`${name}.`) ? at(module, path.slice(name.length + 1)) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function malformed(root: AnyModule, shared: string): RnnError {
  return new RnnError({
    code: 'E_CONFIGURATION',
    operation: root.type,
    problem: `it can't let ${shared}`,
    fix: 'a layer that stands in several places is a field of a module in each of them, and named by its paths',
  })
}
