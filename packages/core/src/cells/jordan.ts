// Jordan's network: what is fed back is the output, not the hidden layer.

import { RnnError } from '../errors.ts'
import { glorotUniform, zeroInitializer } from '../initializers.ts'
import { add } from '../ops/binary.ts'
import { linear } from '../ops/matmul.ts'
import type { Tensor } from '../tensor.ts'
import { cellActivation, ownOptions, type CellActivation } from './activations.ts'
import { defineBuiltInCell } from './built-in.ts'
import type { Cell } from './cell.ts'
import { projectInput } from './project-input.ts'

/** Options of `jordanCell`. */
export interface JordanOptions {
  /** Width of the output, which is the state. Default: `units`, the width of the hidden layer. */
  readonly outputs?: number
  /** Of the hidden layer. Default: tanh. */
  readonly activation?: CellActivation
  /** Of the output. Default: sigmoid. */
  readonly outputActivation?: CellActivation
}

type JordanParameter = 'kernel' | 'feedback' | 'bias' | 'output' | 'outputBias'

const DEFAULTS: JordanOptions = { activation: 'tanh', outputActivation: 'sigmoid' }

/**
 * Jordan's network (Jordan 1986): y' = g(f(x·W + y·F + b)·V + c). State: the output `[B, O]`. Parameters: kernel `[I, H]`, feedback `[O, H]`, bias `[H]`, output
 * `[H, O]`, outputBias `[O]`.
 *
 * ```ts
 * const cell = jordanCell({ outputs: 1 })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function jordanCell(options: JordanOptions = {}): Cell<JordanParameter, readonly [y: Tensor]> {
  const { outputs, activation = 'tanh', outputActivation = 'sigmoid' } = options
  const hiddenLayer = cellActivation('jordan', 'activation', activation)
  const outputLayer = cellActivation('jordan', 'outputActivation', outputActivation)
  if (outputs !== undefined && !(Number.isSafeInteger(outputs) && outputs >= 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'jordan',
      problem: `outputs is ${String(outputs)}`,
      fix: 'give a whole number of at least 1',
    })
  }
  return defineBuiltInCell<JordanParameter, readonly [y: Tensor]>({
    kind: 'jordan',
    options: ownOptions(options, DEFAULTS),
    gates: 1,
    stateSizes: (units) => [outputs ?? units],
    parameters(inputSize, units) {
      const width = outputs ?? units
      return {
        kernel: { shape: [inputSize, units], initializer: glorotUniform },
        feedback: { shape: [width, units], initializer: glorotUniform, role: 'recurrent' },
        bias: { shape: [units], initializer: zeroInitializer },
        output: { shape: [units, width], initializer: glorotUniform },
        outputBias: { shape: [width], initializer: zeroInitializer },
      }
    },
    project: projectInput,
    step(projected, _, { feedback, output, outputBias }, fed) {
      const hidden = hiddenLayer(add(projected, linear(fed, feedback)))
      return [outputLayer(linear(hidden, output, outputBias))]
    },
  })
}
