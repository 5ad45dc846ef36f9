/** Where the packages of subjects are: those of the bench itself, and the peers', which have a workspace of their own. */

import { createRequire } from 'node:module'
import type { Missing } from './subject.ts'

/** The workspace of the peers that aren't part of anybody's `pnpm install`. */
export const PEERS_FOLDER: URL = new URL('../../peers/', import.meta.url)

/** `require` as a module in the folder of a peer would call it. */
export function requireFrom(peer: string): NodeJS.Require {
  return createRequire(new URL(`${peer}/package.json`, PEERS_FOLDER))
}

/** The first of the bench's own packages that can't be found. */
export function missingPackage(names: readonly string[]): Missing | undefined {
  for (const name of names) {
    try {
      import.meta.resolve(name)
    } catch {
      return { what: `the package ${name}`, fix: 'run `npx -y pnpm@12 install`' }
    }
  }
  return undefined
}

/** The first package of a peer that can't be found. */
export function missingPeerPackage(peer: string, names: readonly string[]): Missing | undefined {
  const require = requireFrom(peer)
  for (const name of names) {
    try {
      require.resolve(name)
    } catch {
      return { what: `the package ${name}`, fix: 'run `npx -y pnpm@12 bench:peers`', peer }
    }
  }
  return undefined
}
