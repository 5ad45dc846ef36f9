/** What codecs of every kind do alike: they check ids, leave out the special ones, and show tokens to people. */

import { DataError, shown } from '../errors.ts'
import type { TokenTable } from './tokenizer-file.ts'

/** The token of an id. Throws `E_ID` for an id out of range. */
export function tokenOf(tokens: readonly string[], id: number): string {
  const token = tokens[id]
  if (token !== undefined) return token
  throw new DataError('E_ID', {
    problem: `id ${shown(id)} is not in a vocabulary of ${tokens.length} tokens`,
    got: id,
    expected: `0 to ${tokens.length - 1}`,
    fix: 'was this encoded by another vocabulary?',
  })
}

/** The ids that stand for text, without padding, start and end. Throws `E_ID`. */
export function textIds(ids: Iterable<number>, table: TokenTable): number[] {
  return Array.from(ids, (id) => {
    tokenOf(table.tokens, id)
    return id
  }).filter((id) => id !== table.paddingId && id !== table.startId && id !== table.endId)
}

/** A token with its blanks made visible. */
export function visible(token: string): string {
  return token.replace(/\s/gu, '▁')
}
