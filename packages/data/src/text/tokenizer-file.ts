/**
 * The parts of a Hugging Face `tokenizer.json` that all codecs share: the special tokens and where the file keeps them.
 * Padding has a section, the unknown token belongs to the model, start and end are what the post-processor puts around a
 * text.
 */

import { DataError, shown } from '../errors.ts'
import type { SpecialTokens } from './special-tokens.ts'

/** A `tokenizer.json`, as far as this package reads it. */
export interface TokenizerFile {
  readonly version: string
  readonly truncation: null
  readonly padding: object
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[]
  readonly normalizer: object | null
  readonly pre_tokenizer: object | null
  readonly post_processor: object
  readonly decoder: object | null
  readonly model: { readonly type: string; readonly vocab: Readonly<Record<string, number>> }
}

/** The parts of a `tokenizer.json` that differ from codec to codec. */
export type TokenizerFileParts = Pick<TokenizerFile, 'normalizer' | 'pre_tokenizer' | 'decoder'> & {
  /** Without its vocabulary. */
  readonly model: { readonly type: string; readonly unk_token: string; readonly [setting: string]: unknown }
}

/** All tokens by id, and which of them are special. */
export interface TokenTable {
  readonly tokens: readonly string[]
  readonly paddingId: number
  readonly unknownId: number
  readonly startId: number
  readonly endId: number
}

/** The file of a table of tokens. */
export function tokenizerFile(table: TokenTable, parts: TokenizerFileParts): TokenizerFile {
  const { tokens, paddingId, unknownId, startId, endId } = table
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  const special = (id: number): object => ({ SpecialToken: { id: tokens[id], type_id: 0 } })
  const around = (id: string): object[] => [special(startId), { Sequence: { id, type_id: 0 } }, special(endId)]
  const entry = (id: number): [string, object] => [
    tokens[id] as string,
    { id: tokens[id], ids: [id], tokens: [tokens[id]] },
  ]
  return {
    version: '1.0',
    truncation: null,
    padding: {
      strategy: 'BatchLongest',
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: paddingId,
      pad_type_id: 0,
      pad_token: tokens[paddingId],
    },
    added_tokens: [paddingId, unknownId, startId, endId].map((id) => ({ id, content: tokens[id] as string, ...plain })),
    normalizer: parts.normalizer,
    pre_tokenizer: parts.pre_tokenizer,
    post_processor: {
      type: 'TemplateProcessing',
      single: around('A'),
      pair: [...around('A'), ...around('B')],
      special_tokens: Object.fromEntries([entry(startId), entry(endId)]),
    },
    decoder: parts.decoder,
    // A token may be called `__proto__`: fromEntries makes an entry of it, an assignment would not.
    model: { ...parts.model, vocab: Object.fromEntries(tokens.map((token, id) => [token, id])) },
  }
}

/** Names by which files of other makers may know the special tokens, where the usual places do not tell. */
const usualNames = {
  padding: ['<pad>', '[PAD]', '<|pad|>'],
  unknown: ['<unk>', '[UNK]'],
  start: ['<s>', '<bos>', '[BOS]', '[CLS]'],
  end: ['</s>', '<eos>', '[EOS]', '[SEP]'],
} as const

/**
 * The tokens of a `tokenizer.json` as `JSON.parse` gives it. Throws `E_JSON` that says what is wrong with it: no model of
 * the wanted type, ids that are not 0, 1, 2, …, a special token that is missing.
 */
export function readTokenizerFile(json: unknown, type: string, file?: string): TokenTable {
  const fail = (problem: string, got: unknown, expected: unknown): never => {
    throw new DataError('E_JSON', {
      problem: `not a tokenizer.json that can be read here: ${problem}`,
      file,
      got,
      expected,
    })
  }
  const {
    model,
    added_tokens: added,
    padding,
    post_processor: processor,
  } = (json ?? {}) as Readonly<Record<string, unknown>>
  const { type: found, vocab, unk_token: unknownToken } = (model ?? {}) as Readonly<Record<string, unknown>>
  if (found !== type) fail(`the model is of type ${shown(found)}, expected "${type}"`, found, type)
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab))
    return fail('model.vocab is not an object', vocab, 'an object of tokens and ids')

  const ids = new Map<string, unknown>(Object.entries(vocab))
  for (const each of Array.isArray(added) ? added : []) {
    const { content, id } = (each ?? {}) as { readonly content?: unknown; readonly id?: unknown }
    if (typeof content === 'string') ids.set(content, id)
  }
  const tokens: string[] = Array.from({ length: ids.size })
  for (const [token, id] of ids) {
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0 || id >= ids.size || tokens[id] !== undefined)
      fail(`the id of ${shown(token)} is ${shown(id)}`, id, `each of 0 to ${ids.size - 1} once`)
    else tokens[id] = token
  }

  const { pad_token: paddingToken } = (padding ?? {}) as { readonly pad_token?: unknown }
  const [start, end] = tokensAround(processor)
  const special = (kind: keyof SpecialTokens, token: unknown): number => {
    const known = [token, ...usualNames[kind]].find((name) => typeof name === 'string' && ids.has(name))
    if (known === undefined) return fail(`there is no ${kind} token`, token, usualNames[kind])
    return ids.get(known as string) as number
  }
  return {
    tokens,
    paddingId: special('padding', paddingToken),
    unknownId: special('unknown', unknownToken),
    startId: special('start', start),
    endId: special('end', end),
  }
}

/** The special tokens that a template puts before and after a text. */
function tokensAround(processor: unknown): [start: unknown, end: unknown] {
  const { single } = (processor ?? {}) as { readonly single?: unknown }
  if (!Array.isArray(single)) return [undefined, undefined]
  const pieces = single as readonly { readonly SpecialToken?: { readonly id?: unknown }; readonly Sequence?: unknown }[]
  const text = pieces.findIndex((piece) => piece?.Sequence !== undefined)
  return [pieces[text - 1]?.SpecialToken?.id, pieces[text + 1]?.SpecialToken?.id]
}
