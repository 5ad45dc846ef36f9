// Initializers, regularizers and constraints from their JSON form.

import {
  blocks,
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  identityInitializer,
  lecunNormal,
  lecunUniform,
  normalInitializer,
  orthogonal,
  RnnError,
  scaledOrthogonal,
  truncatedNormal,
  uniformInitializer,
  varianceScaling,
  zeroInitializer,
  type Initializer,
  type VarianceScalingOptions,
} from '@rnn/core'
import { readOptions, type Json, type ModuleConfig } from '../config/config.ts'
import {
  maxNorm,
  maxValue,
  minMaxNorm,
  nonNegative,
  unitNorm,
  type Constraint,
  type NormOptions,
} from './constraint.ts'
import { readNamed, type NamedMakers } from './named-value.ts'
import { l1, l1l2, l2, type L1L2Options, type Regularizer } from './regularizer.ts'

const INITIALIZERS: NamedMakers<Initializer> = {
  zeros: (config) => plain(config, zeroInitializer),
  constant: (config) => constant(numbers(config, 'value').value),
  uniform: (config) => {
    const { low, high } = numbers(config, 'low', 'high')
    return uniformInitializer(low, high)
  },
  normal: (config) => normalInitializer(numbers(config, 'deviation').deviation),
  truncatedNormal: (config) => truncatedNormal(numbers(config, 'deviation').deviation),
  identity: (config) => identityInitializer(numbers(config, 'gain').gain),
  orthogonal: (config) =>
    config['gain'] === undefined ? plain(config, orthogonal) : scaledOrthogonal(numbers(config, 'gain').gain),
  varianceScaling: (config) =>
    varianceScaling(
      readOptions<VarianceScalingOptions>(config, { scale: 'number', fan: 'string', distribution: 'string' }, [
        'scale',
        'fan',
        'distribution',
      ]),
    ),
  glorotUniform: (config) => plain(config, glorotUniform),
  glorotNormal: (config) => plain(config, glorotNormal),
  heUniform: (config) => plain(config, heUniform),
  heNormal: (config) => plain(config, heNormal),
  lecunUniform: (config) => plain(config, lecunUniform),
  lecunNormal: (config) => plain(config, lecunNormal),
  blocks: ({ type, parts }) => {
    if (Array.isArray(parts)) return blocks(...parts.map((part: Json) => readInitializer(type, 'a part', part)))
    throw new RnnError({ code: 'E_CONFIGURATION', operation: type, problem: 'parts is no array' })
  },
}

const REGULARIZERS: NamedMakers<Regularizer> = {
  l1: (config) => l1(numbers(config, 'strength').strength),
  l2: (config) => l2(numbers(config, 'strength').strength),
  l1l2: (config) => l1l2(numbers(config, 'l1', 'l2') satisfies L1L2Options),
}

const CONSTRAINTS: NamedMakers<Constraint> = {
  maxNorm: ({ axis, ...config }) => maxNorm(numbers(config, 'limit').limit, normOptions(config.type, axis)),
  minMaxNorm: ({ axis, ...config }) =>
    minMaxNorm({ ...numbers(config, 'min', 'max'), ...normOptions(config.type, axis) }),
  unitNorm: ({ axis, ...config }) => plain(config, unitNorm(normOptions(config.type, axis))),
  maxValue: (config) => maxValue(numbers(config, 'limit').limit),
  nonNegative: (config) => plain(config, nonNegative()),
}

/** @throws E_CONFIGURATION */
export function readInitializer(operation: string, option: string, value: Json): Initializer {
  return readNamed(operation, option, value, INITIALIZERS)
}

/** @throws E_CONFIGURATION */
export function readRegularizer(operation: string, option: string, value: Json): Regularizer {
  return readNamed(operation, option, value, REGULARIZERS)
}

/** @throws E_CONFIGURATION; E_VALUE for limits that no value satisfies */
export function readConstraint(operation: string, option: string, value: Json): Constraint {
  return readNamed(operation, option, value, CONSTRAINTS)
}

/** A value without options. */
function plain<T>(config: ModuleConfig, value: T): T {
  readOptions(config, {})
  return value
}

function numbers<Name extends string>(config: ModuleConfig, ...names: readonly Name[]): Readonly<Record<Name, number>> {
  const types = Object.fromEntries(names.map((name) => [name, 'number']))
  return readOptions<Record<string, number>>(config, types as Record<string, 'number'>, names) as Record<Name, number>
}

function normOptions(operation: string, axis: Json | undefined): NormOptions {
  if (axis === undefined) return {}
  if (typeof axis === 'number') return { axis }
  if (Array.isArray(axis) && axis.every((each: Json) => typeof each === 'number')) return { axis: axis as number[] }
  throw new RnnError({ code: 'E_CONFIGURATION', operation, problem: `axis is ${JSON.stringify(axis)}` })
}
