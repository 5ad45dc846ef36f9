// Which layers of a container use the kernel of another: a part of its JSON form, as neither of the two knows where it stands.

import { RnnError } from '@rnn/core'
import type { Json } from '../config/config.ts'
import { TiedDense } from '../layers/tied-dense.ts'
import { tree, type AnyModule } from '../module.ts'

/** The path of the kernel's owner by that of the tied layer, for those that stand in different children of `root`: the others are a child's to tell. */
export function tiesOf(root: AnyModule): Record<string, string> | undefined {
  const paths = pathsBelow(root)
  const ties = [...paths].flatMap(([module, path]) => {
    const owner = module instanceof TiedDense && module.owner !== undefined ? paths.get(module.owner) : undefined
    return owner === undefined || owner.split('.')[0] === path.split('.')[0] ? [] : [[path, owner] as const]
  })
  return ties.length === 0 ? undefined : Object.fromEntries(ties)
}

/** For a model that is saved. @throws E_CONFIGURATION for a layer that uses the kernel of a module outside of it */
export function checkOwners(root: AnyModule): void {
  const modules = tree(root)
  for (const module of modules) {
    if (!(module instanceof TiedDense) || module.owner === undefined || modules.has(module.owner)) continue
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: 'saveModel',
      problem: `a tied layer uses the kernel of a module of type '${module.owner.type}' that is no part of the model`,
      fix: 'save the model that holds both, or the weights alone (saveWeights)',
    })
  }
}

/** Ties the layers of a container that was made of its JSON form. @throws E_CONFIGURATION for paths at which there is no such layer */
export function tie(root: AnyModule, ties: Json): void {
  const modules = new Map([...pathsBelow(root)].map(([module, path]) => [path, module]))
  if (typeof ties !== 'object' || ties === null || Array.isArray(ties)) throw malformed(root, JSON.stringify(ties))
  for (const [path, owner] of Object.entries(ties)) {
    const tied = modules.get(path)
    const target = typeof owner === 'string' ? modules.get(owner) : undefined
    if (!(tied instanceof TiedDense) || target === undefined)
      throw malformed(root, `'${path}' to ${JSON.stringify(owner)}`)
    tied.tieTo(target)
  }
}

function malformed(root: AnyModule, ties: string): RnnError {
  return new RnnError({
    code: 'E_CONFIGURATION',
    operation: root.type,
    problem: `it can't tie ${ties}`,
    fix: 'ties are the paths of modules with a kernel, by those of the tied layers',
  })
}

/** All modules below, by their first path. */
function pathsBelow(root: AnyModule): Map<AnyModule, string> {
  const paths = new Map<AnyModule, string>()
  const walk = (module: AnyModule, prefix: string): void => {
    for (const { name, module: below } of module.children()) {
      if (paths.has(below)) continue
      paths.set(below, prefix + name)
      walk(below, `${prefix}${name}.`)
    }
  }
  walk(root, '')
  return paths
}
