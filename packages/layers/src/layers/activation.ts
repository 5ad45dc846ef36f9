// Functions of single elements (softmax: of rows) as layers.

import { logSoftmax, relu, RnnError, sigmoid, softmax, softplus, tanh, type Tensor } from '@rnn/core'
import { describe, type ModuleConfig } from '../config/config.ts'
import type { ForwardContext } from '../context.ts'
import { gelu } from './gelu.ts'
import { SameSize } from './same-size.ts'

/** Names of activations; `softmax` and `logSoftmax` run over the last axis. */
export type ActivationName = 'linear' | 'tanh' | 'sigmoid' | 'relu' | 'gelu' | 'softplus' | 'softmax' | 'logSoftmax'

const FUNCTIONS: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  linear: (x) => x,
  tanh,
  sigmoid,
  relu,
  gelu,
  softplus,
  softmax: (x) => softmax(x),
  logSoftmax: (x) => logSoftmax(x),
}

/** The function of a name. @throws E_VALUE for an unknown one */
export function activationFunction(operation: string, name: ActivationName): (x: Tensor) => Tensor {
  if (Object.hasOwn(FUNCTIONS, name)) return FUNCTIONS[name]
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `activation '${String(name)}'`,
    fix: `known are ${Object.keys(FUNCTIONS).join(', ')}`,
  })
}

/** Applies a function to every element, any shape to the same shape. */
export class Activation extends SameSize {
  readonly function: ActivationName

  constructor(name: ActivationName) {
    super()
    activationFunction('activation', name)
    this.function = name
  }

  override get type(): string {
    return 'activation'
  }

  override forward(x: Tensor, _context?: ForwardContext): Tensor {
    return activationFunction('activation', this.function)(x)
  }

  override toJSON(): ModuleConfig {
    return describe('activation', { function: this.function })
  }
}

/**
 * A layer that applies a function to every element.
 *
 * ```ts
 * sequential(dense({ units: 64, inputSize: 32 }), activation('relu'))
 * ```
 */
export function activation(name: ActivationName): Activation {
  return new Activation(name)
}
