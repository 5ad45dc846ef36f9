// The JSON form of modules: what it looks like, and how the built-in layers read their options back.

import { RnnError } from '@rnn/core'

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** The JSON form of a module: its type and its options, without values. */
export interface ModuleConfig {
  readonly type: string
  readonly [option: string]: Json
}

/** A configuration of `type` with the options that are set. */
export function describe(type: string, options: Readonly<Record<string, Json | undefined>>): ModuleConfig {
  const set = Object.entries(options).filter((entry): entry is [string, Json] => entry[1] !== undefined)
  return { type, ...Object.fromEntries(set) }
}

/** JSON types that an option may have. */
export type OptionType = 'number' | 'string' | 'boolean'

/**
 * The options of a configuration, checked by name and JSON type; the layer checks their values.
 *
 * @throws E_CONFIGURATION for an unknown, missing or mistyped option
 */
export function readOptions<Options>(
  config: ModuleConfig,
  types: { readonly [Name in keyof Options]-?: OptionType },
  required: readonly (keyof Options & string)[] = [],
): Options {
  const { type, ...options } = config
  const known: Readonly<Record<string, OptionType>> = types
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: type,
        problem: `unknown option '${name}'`,
        fix: `known are ${Object.keys(known).join(', ') || 'none'}`,
      })
    }
    if (typeof value !== known[name]) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: type,
        problem: `${name} is ${JSON.stringify(value)}, expected a ${known[name]}`,
      })
    }
  }
  for (const name of required) {
    if (Object.hasOwn(options, name)) continue
    throw new RnnError({ code: 'E_CONFIGURATION', operation: type, problem: `option '${name}' is missing` })
  }
  return options as unknown as Options // checked above
}
