/** Restores a tokeniser from the JSON that was saved beside a model. */

import { DataError, shown, shownList } from '../errors.ts'
import { characters } from './characters.ts'
import type { CharactersOptions } from './characters.ts'
import type { Tokenizer } from './tokenizer.ts'
import { whitespace } from './whitespace.ts'
import type { WhitespaceOptions } from './whitespace.ts'
import { words } from './words.ts'
import type { WordsOptions } from './words.ts'

/** Makes a tokeniser from its saved options, which it has to check by itself. */
export type TokenizerFactory = (options: Readonly<Record<string, unknown>>) => Tokenizer

/**
 * Restores a tokeniser from `{ name, options }` as `JSON.parse` gives it. Tokenisers of your own are restored by
 * `factories`, keyed by name. Throws `E_JSON` for malformed JSON, an unknown name or an option of the wrong type.
 *
 * @example
 * ```ts
 * import { tokenizerFromJSON, words } from '@rnn/data'
 * const saved = JSON.stringify(words({ lowerCase: true }))
 * tokenizerFromJSON(JSON.parse(saved)).tokenize("Don't panic!") // → ["don't", "panic", "!"]
 * ```
 */
export function tokenizerFromJSON(
  json: unknown,
  factories: Readonly<Record<string, TokenizerFactory>> = {},
): Tokenizer {
  const { name, options } = (json ?? {}) as { readonly name?: unknown; readonly options?: unknown }
  if (typeof name !== 'string' || typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new DataError('E_JSON', {
      problem: `not a saved tokeniser: ${shown(JSON.stringify(json))}`,
      got: json,
      expected: '{ name, options }',
    })
  }
  const own = Object.hasOwn(factories, name) ? factories[name] : undefined
  if (own !== undefined) return own(options as Record<string, unknown>)
  switch (name) {
    case 'words':
      return words(
        checkedOptions<WordsOptions>(name, options, {
          lowerCase: 'boolean',
          normalization: 'string',
          locale: 'string',
        }),
      )
    case 'characters':
      return characters(
        checkedOptions<CharactersOptions>(name, options, { lowerCase: 'boolean', normalization: 'string' }),
      )
    case 'whitespace':
      return whitespace(checkedOptions<WhitespaceOptions>(name, options, { lowerCase: 'boolean' }))
    default: {
      const known = ['words', 'characters', 'whitespace', ...Object.keys(factories)]
      throw new DataError('E_JSON', {
        problem: `unknown tokeniser ${shown(name)}, known: ${shownList(known)}`,
        got: name,
        expected: known,
        fix: 'give tokenizerFromJSON a factory for it',
      })
    }
  }
}

/** The options as their type says, once each is known to be there with the right type. */
function checkedOptions<Options>(
  tokenizer: string,
  options: object,
  types: Record<keyof Options & string, 'boolean' | 'string'>,
): Options {
  for (const [key, value] of Object.entries(options)) {
    const expected = Object.hasOwn(types, key) ? types[key as keyof Options & string] : undefined
    if (expected !== undefined && typeof value === expected) continue
    throw new DataError('E_JSON', {
      problem:
        expected === undefined
          ? `the tokeniser "${tokenizer}" has no option ${shown(key)}`
          : `option "${key}" of the tokeniser "${tokenizer}" is ${shown(value)}, expected a ${expected}`,
      got: value,
      expected: expected ?? Object.keys(types),
    })
  }
  return options as Options
}
