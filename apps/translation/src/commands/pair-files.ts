/** From options to the files that they name. */

import { resolve } from 'node:path'
import { AppError } from 'app-kit/errors'
import type { PairFiles } from '../data-sources.ts'

/** The names of the options that were used, for messages. */
export interface PairOptionNames {
  readonly source: string
  readonly target: string
  readonly table: string
}

/** The files, as whole paths so that going on works from any folder; undefined for none. @throws E_OPTION for half a pair, or both kinds */
export function pairFiles(
  { source, target, table }: { readonly [Name in keyof PairOptionNames]: string | undefined },
  names: PairOptionNames,
): PairFiles | undefined {
  if (table !== undefined) {
    if (source === undefined && target === undefined) return { table: resolve(table) }
    throw new AppError(
      'E_OPTION',
      `${names.table} and ${names.source} or ${names.target} at once`,
      'give one or the other',
    )
  }
  if (source === undefined && target === undefined) return undefined
  if (source !== undefined && target !== undefined) return { source: resolve(source), target: resolve(target) }
  const [given, missing] = source === undefined ? [names.target, names.source] : [names.source, names.target]
  throw new AppError('E_OPTION', `${given} without ${missing}`, 'a sentence needs its translation: give both files')
}
