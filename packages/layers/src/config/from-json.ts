// Modules from their JSON form. The table of types is a value: nothing registers itself.

import { RnnError } from '@rnn/core'
import type { AnyModule, Module } from '../module.ts'
import { BUILT_IN_TYPES } from './built-in-types.ts'
import type { Json, ModuleConfig } from './config.ts'

/** Makes a module of its configuration; `revive` makes its children. */
export type ModuleFactory = (config: ModuleConfig, revive: (child: Json | undefined) => Module) => AnyModule

/** Factories by type. */
export type ModuleTypes = Readonly<Record<string, ModuleFactory>>

/**
 * The module that a configuration describes, without values: call `init` next. `module.toJSON()` gives the configuration.
 *
 * ```ts
 * const copy = fromJSON(JSON.parse(JSON.stringify(model)))
 * ```
 *
 * @param extraTypes modules of your own, by the `type` in their configuration; they come before the built-in ones
 * @throws E_CONFIGURATION for an unknown type (the message lists the known ones) or option, E_VALUE for options out of range
 */
export function fromJSON(config: unknown, extraTypes: ModuleTypes = {}): Module {
  if (!isConfig(config)) {
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: 'fromJSON',
      problem: `${JSON.stringify(config)?.slice(0, 60) ?? 'undefined'} is no configuration`,
      fix: "give an object with a type: { type: 'lstm', units: 64 }",
    })
  }
  const { type } = config
  const factory = own(extraTypes, type) ?? own(BUILT_IN_TYPES, type)
  if (factory === undefined) {
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: 'fromJSON',
      problem: `unknown type '${type}'`,
      fix: `known are ${[...Object.keys(extraTypes), ...Object.keys(BUILT_IN_TYPES)].join(', ')}; give your own as the second argument`,
    })
  }
  // Layers in containers take and give one tensor; a root of another type is narrowed by loadModel's caller.
  return factory(config, (child) => fromJSON(child, extraTypes)) as Module
}

function own(types: ModuleTypes, type: string): ModuleFactory | undefined {
  return Object.hasOwn(types, type) ? types[type] : undefined
}

function isConfig(value: unknown): value is ModuleConfig {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
