// Values with a name and options (initializers, regularizers, constraints) from their JSON form.

import { RnnError } from '@rnn/core'
import type { Json, ModuleConfig } from '../config/config.ts'

/** Makers by name; each reads its options from a configuration whose type is the name. */
export type NamedMakers<T> = Readonly<Record<string, (config: ModuleConfig) => T>>

/** What `value` describes. @throws E_CONFIGURATION for an unknown name or option */
export function readNamed<T>(operation: string, option: string, value: Json | undefined, makers: NamedMakers<T>): T {
  if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string') {
    const { name, ...rest } = value
    const make = Object.hasOwn(makers, name) ? makers[name] : undefined
    if (make !== undefined) return make({ ...rest, type: name })
  }
  throw new RnnError({
    code: 'E_CONFIGURATION',
    operation,
    problem: `${option} is ${JSON.stringify(value)?.slice(0, 60) ?? 'undefined'}`,
    fix: `give { name, … } with one of the names ${Object.keys(makers).join(', ')}`,
  })
}
