/** Installs peers into their own workspace, when somebody names a subject that stands on them. */

import { spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BenchError } from '../errors.ts'
import { PEERS_FOLDER } from './packages.ts'

/**
 * Installs folders of `apps/bench/peers`; what the package manager says goes to stderr. It runs no install script of any package.
 *
 * @throws E_MISSING_PEER when that fails
 */
export function installPeers(peers: readonly string[]): void {
  const filters = peers.flatMap((peer) => ['--filter', `bench-peer-${peer}`])
  const parameters = ['install', '--frozen-lockfile', '--ignore-scripts', ...filters]
  // pnpm tells the scripts that it runs where it is itself: a program, or a script for Node.
  const own = process.env['npm_execpath'] ?? ''
  const isPnpm = /^pnpm\b/.test(basename(own))
  const [command, ...before] = !isPnpm ? ['npx', '-y', 'pnpm@12'] : own.endsWith('js') ? [process.execPath, own] : [own]
  const { status, error } = spawnSync(command ?? 'npx', [...before, ...parameters], {
    cwd: fileURLToPath(PEERS_FOLDER),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32', // npx is a script there
  })
  if (status === 0) return
  throw new BenchError(
    'E_MISSING_PEER',
    `${peers.join(', ')} could not be installed (${error?.message ?? `exit code ${status}`})`,
    'run `npx -y pnpm@12 bench:peers` where there is a network, or leave the subjects out with --subjects',
  )
}
