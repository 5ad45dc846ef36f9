// The simple recurrent networks: Elman's, with tanh, the one with rectified units, and others.

import { glorotUniform, orthogonal, zeroInitializer, type ParameterSpec } from '../initializers.ts'
import { add } from '../ops/binary.ts'
import { linear } from '../ops/matmul.ts'
import { relu, tanh } from '../ops/unary.ts'
import type { Tensor } from '../tensor.ts'
import { cellActivations, ownOptions, type CellActivation } from './activations.ts'
import { defineBuiltInCell } from './built-in.ts'
import type { Cell } from './cell.ts'
import { projectInput } from './project-input.ts'

type SimpleParameter = 'kernel' | 'recurrent' | 'bias'

function simple(
  kind: string,
  activation: (x: Tensor) => Tensor,
  options?: Cell['options'],
): Cell<SimpleParameter, readonly [h: Tensor]> {
  return defineBuiltInCell<SimpleParameter, readonly [h: Tensor]>({
    kind,
    ...(options && { options }),
    gates: 1,
    stateSizes: (units) => [units],
    parameters: (inputSize, units): Record<SimpleParameter, ParameterSpec> => ({
      kernel: { shape: [inputSize, units], initializer: glorotUniform },
      recurrent: { shape: [units, units], initializer: orthogonal },
      bias: { shape: [units], initializer: zeroInitializer },
    }),
    project: projectInput,
    step: (projected, _, { recurrent }, fed) => [activation(add(projected, linear(fed, recurrent)))], // h' = f(x·W + b + h·R)
  })
}

/** Simple recurrent network with tanh (Elman 1990). Parameters: kernel `[I, H]`, recurrent `[H, H]`, bias `[H]`. */
export const simpleCell: Cell<SimpleParameter, readonly [h: Tensor]> = /* @__PURE__ */ simple('simpleTanh', tanh)

/** Simple recurrent network with rectified linear units (Le, Jaitly & Hinton 2015). Parameters as `simpleCell`. */
export const simpleReluCell: Cell<SimpleParameter, readonly [h: Tensor]> = /* @__PURE__ */ simple('simpleRelu', relu)

/** What sets a simple recurrent network apart from `simpleCell`. */
export interface SimpleOptions {
  /** Default: tanh. */
  readonly activation?: CellActivation
  /** Keeps the argument of the activation within ±clip, as the attribute of ONNX does. Default: no limit. */
  readonly clip?: number
}

/**
 * A simple recurrent network with options; with tanh or relu alone it is `simpleCell` or `simpleReluCell` itself, else it runs through the generic scan.
 * Parameters as `simpleCell`.
 *
 * @throws E_VALUE for options out of range
 */
export function simpleVariant(options: SimpleOptions = {}): Cell<SimpleParameter, readonly [h: Tensor]> {
  const { candidate } = cellActivations('simpleRnn', options)
  const { activation = 'tanh', clip } = options
  if (clip === undefined && activation === 'tanh') return simpleCell
  if (clip === undefined && activation === 'relu') return simpleReluCell
  return simple('simpleRnn', candidate, ownOptions<SimpleOptions>({ activation, ...options }, {}))
}
