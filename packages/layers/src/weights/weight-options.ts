// How a layer's weights start, what the loss says of them, and what they must satisfy: options that all layers with kernels share.

import { RnnError, type Initializer, type ParameterRole, type ParameterSpec } from '@rnn/core'
import type { Json, OptionTypes } from '../config/config.ts'
import { Variable } from '../variable.ts'
import type { Constraint } from './constraint.ts'
import { readConstraint, readInitializer, readRegularizer } from './read-weight-options.ts'
import type { Regularizer } from './regularizer.ts'

/** Options of layers with a kernel and a bias. What is made by hand, and so has no `configuration`, is left out of the JSON form. */
export interface WeightOptions {
  /** How the kernel starts. Default: glorotUniform. */
  readonly kernelInitializer?: Initializer
  /** How the bias starts (not a second bias of the same gates, `recurrentBias`, which stays zeros). Default: zeros; with an LSTM, ones for the forget gate. */
  readonly biasInitializer?: Initializer
  /** Added to the loss while training. Default: none. */
  readonly kernelRegularizer?: Regularizer
  /** Added to the loss while training. Default: none. */
  readonly biasRegularizer?: Regularizer
  /** What the kernel must satisfy after each step of the optimiser. Default: anything. */
  readonly kernelConstraint?: Constraint
  /** What biases must satisfy after each step of the optimiser. Default: anything. */
  readonly biasConstraint?: Constraint
}

/** Options of recurrent layers. */
export interface RecurrentWeightOptions extends WeightOptions {
  /** How the recurrent kernel starts. Default: orthogonal. */
  readonly recurrentInitializer?: Initializer
  /** Added to the loss while training. Default: none. */
  readonly recurrentRegularizer?: Regularizer
  /** What the recurrent kernel must satisfy after each step of the optimiser. Default: anything. */
  readonly recurrentConstraint?: Constraint
}

/** JSON types of `WeightOptions`, for `readOptions`. */
export const WEIGHT_OPTION_TYPES: OptionTypes<WeightOptions> = {
  kernelInitializer: readInitializer,
  biasInitializer: readInitializer,
  kernelRegularizer: readRegularizer,
  biasRegularizer: readRegularizer,
  kernelConstraint: readConstraint,
  biasConstraint: readConstraint,
}

/** JSON types of `RecurrentWeightOptions`, for `readOptions`. */
export const RECURRENT_WEIGHT_OPTION_TYPES: OptionTypes<RecurrentWeightOptions> = {
  ...WEIGHT_OPTION_TYPES,
  recurrentInitializer: readInitializer,
  recurrentRegularizer: readRegularizer,
  recurrentConstraint: readConstraint,
}

/** The JSON form of those of the options that are given and have one. */
export function describeWeights(options: RecurrentWeightOptions): Record<string, Json> {
  const described: Record<string, Json> = {}
  for (const name of Object.keys(RECURRENT_WEIGHT_OPTION_TYPES) as (keyof RecurrentWeightOptions)[]) {
    const configuration = options[name]?.configuration
    if (configuration !== undefined) described[name] = configuration
  }
  return described
}

/** A variable with what the options say of it by its role; one of another role stays as its spec has it. */
export function weightVariable(name: string, spec: ParameterSpec, options: RecurrentWeightOptions): Variable {
  const role = roleOf(name, spec)
  if (role === 'other') return new Variable(name, spec)
  if (role === 'recurrentBias') {
    const { biasRegularizer: regularizer, biasConstraint: constraint } = options
    return new Variable(name, spec, { regularizer, constraint })
  }
  const initializer = options[`${role}Initializer`] ?? spec.initializer
  return new Variable(
    name,
    { shape: spec.shape, initializer },
    { regularizer: options[`${role}Regularizer`], constraint: options[`${role}Constraint`] },
  )
}

/**
 * The variables of a cell, with what the options say of them.
 *
 * @throws E_CONFIGURATION for an option that finds none: a regulariser of recurrent weights for a cell that has no such weights
 */
export function cellVariables(
  kind: string,
  specs: Readonly<Record<string, ParameterSpec>>,
  options: RecurrentWeightOptions,
): Record<string, Variable> {
  const entries = Object.entries(specs)
  const roles = new Set<string>(entries.map(([name, spec]) => roleOf(name, spec)))
  const idle = (Object.keys(RECURRENT_WEIGHT_OPTION_TYPES) as (keyof RecurrentWeightOptions)[]).find(
    (name) => options[name] !== undefined && !roles.has(name.replace(/(Initializer|Regularizer|Constraint)$/, '')),
  )
  if (idle !== undefined) {
    throw new RnnError({
      code: 'E_CONFIGURATION',
      operation: kind,
      problem: `${idle} finds nothing: the cell's parameters are ${entries.map(([name]) => name).join(', ')}`,
      fix: 'leave it out; in a cell of your own, the spec of a parameter says its role',
    })
  }
  return Object.fromEntries(entries.map(([name, spec]) => [name, weightVariable(name, spec, options)]))
}

const ROLES: readonly string[] = ['kernel', 'recurrent', 'bias', 'recurrentBias'] satisfies ParameterRole[]

function roleOf(name: string, { role }: ParameterSpec): ParameterRole {
  if (role !== undefined) return role
  return ROLES.includes(name) ? (name as ParameterRole) : 'other' // one of them, as just seen
}
