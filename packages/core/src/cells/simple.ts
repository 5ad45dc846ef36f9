// The simple recurrent networks: Elman's, with tanh, and the one with rectified units.

import { glorotUniform, orthogonal, zeroInitializer, type ParameterSpec } from '../initializers.ts'
import { add } from '../ops/binary.ts'
import { linear } from '../ops/matmul.ts'
import { relu, tanh } from '../ops/unary.ts'
import type { Tensor } from '../tensor.ts'
import { defineCell, type Cell } from './cell.ts'

type SimpleParameter = 'kernel' | 'recurrent' | 'bias'

function simple(kind: string, activation: (x: Tensor) => Tensor): Cell<SimpleParameter, readonly [h: Tensor]> {
  return defineCell<SimpleParameter, readonly [h: Tensor]>({
    kind,
    gates: 1,
    stateSizes: (units) => [units],
    parameters: (inputSize, units): Record<SimpleParameter, ParameterSpec> => ({
      kernel: { shape: [inputSize, units], initializer: glorotUniform },
      recurrent: { shape: [units, units], initializer: orthogonal },
      bias: { shape: [units], initializer: zeroInitializer },
    }),
    project: (x, { kernel, bias }) => linear(x, kernel, bias),
    step: (projected, _, { recurrent }, fed) => [activation(add(projected, linear(fed, recurrent)))], // h' = f(x·W + b + h·R)
  })
}

/** Simple recurrent network with tanh (Elman 1990). Parameters: kernel `[I, H]`, recurrent `[H, H]`, bias `[H]`. */
export const simpleCell: Cell<SimpleParameter, readonly [h: Tensor]> = /* @__PURE__ */ simple('simpleTanh', tanh)

/** Simple recurrent network with rectified linear units (Le, Jaitly & Hinton 2015). Parameters as `simpleCell`. */
export const simpleReluCell: Cell<SimpleParameter, readonly [h: Tensor]> = /* @__PURE__ */ simple('simpleRelu', relu)
