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

/** The JSON type that an option has, or a function that makes the option of its JSON form. */
export type OptionType = 'number' | 'string' | 'boolean' | ((operation: string, name: string, value: Json) => unknown)

/** The JSON types of all options of a layer. */
export type OptionTypes<Options> = { readonly [Name in keyof Options]-?: OptionType }

/**
 * The options of a configuration, checked by name and JSON type; the layer checks their values.
 *
 * @throws E_CONFIGURATION for an unknown, missing or mistyped option
 */
export function readOptions<Options>(
  config: ModuleConfig,
  types: OptionTypes<Options>,
  required: readonly (keyof Options & string)[] = [],
): Options {
  const { type, ...options } = config
  const known: Readonly<Record<string, OptionType>> = types
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: type,
        problem: `unknown option '${name}'`,
        fix: `known are ${Object.keys(known).join(', ') || 'none'}`,
      })
    }
    const kind = known[name]
    if (typeof kind === 'function') {
      read[name] = kind(type, name, value)
    } else if (typeof value === kind) {
      read[name] = value
    } else {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: type,
        problem: `${name} is ${JSON.stringify(value)}, expected a ${kind}`,
      })
    }
  }
  for (const name of required) {
    if (Object.hasOwn(options, name)) continue
    throw new RnnError({ code: 'E_CONFIGURATION', operation: type, problem: `option '${name}' is missing` })
  }
  return read as unknown as Options // checked above
}
