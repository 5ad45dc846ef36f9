// The independently recurrent network: each unit sees only itself.

import { glorotUniform, uniformInitializer, zeroInitializer, type ParameterSpec } from '../initializers.ts'
import { add, mul } from '../ops/binary.ts'
import { relu, tanh } from '../ops/unary.ts'
import type { Tensor } from '../tensor.ts'
import { defineBuiltInCell } from './built-in.ts'
import type { Cell } from './cell.ts'
import { projectInput } from './project-input.ts'

type IndRnnParameter = 'kernel' | 'recurrent' | 'bias'

function indRnn(name: string, activation: (x: Tensor) => Tensor): Cell<IndRnnParameter, readonly [h: Tensor]> {
  return defineBuiltInCell<IndRnnParameter, readonly [h: Tensor]>({
    kind: 'indRnn',
    options: { activation: name },
    gates: 1,
    stateSizes: (units) => [units],
    parameters: (inputSize, units): Record<IndRnnParameter, ParameterSpec> => ({
      kernel: { shape: [inputSize, units], initializer: glorotUniform },
      recurrent: { shape: [units], initializer: uniformInitializer(0, 1) },
      bias: { shape: [units], initializer: zeroInitializer },
    }),
    project: projectInput,
    step: (projected, _, { recurrent }, fed) => [activation(add(projected, mul(recurrent, fed)))], // h' = f(x·W + b + u·h)
  })
}

/**
 * Independently recurrent network with rectified units (Li et al. 2018). State: hidden. Parameters: kernel `[I, H]`, recurrent `[H]` (uniform in
 * [0, 1) at the start), bias `[H]`.
 */
export const indRnnReluCell: Cell<IndRnnParameter, readonly [h: Tensor]> = /* @__PURE__ */ indRnn('relu', relu)

/** Independently recurrent network with tanh. Parameters as `indRnnReluCell`. */
export const indRnnTanhCell: Cell<IndRnnParameter, readonly [h: Tensor]> = /* @__PURE__ */ indRnn('tanh', tanh)
