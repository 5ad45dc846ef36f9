// GRUs that differ from the usual one: reset before the recurrent product, other activations.

import { fusedAs } from '../fused/recurrent-variants.ts'
import { glorotUniform, orthogonal, zeroInitializer } from '../initializers.ts'
import { add, lerp, mul } from '../ops/binary.ts'
import { linear, matmul } from '../ops/matmul.ts'
import { split } from '../ops/views.ts'
import type { Tensor } from '../tensor.ts'
import { cellActivations, ownOptions, type CellActivationOptions } from './activations.ts'
import { defineBuiltInCell } from './built-in.ts'
import type { Cell, Parameters } from './cell.ts'
import { gruCell } from './gru.ts'
import { projectInput } from './project-input.ts'

/** What sets a GRU apart from `gruCell`. */
export interface GruOptions extends CellActivationOptions {
  /** Whether the reset gate acts on the recurrent product, or on the hidden state before it (the later version of Cho et al. 2014, and ONNX without `linear_before_reset`). Default: true. */
  readonly resetAfter?: boolean
}

type GruParameter = 'kernel' | 'recurrent' | 'bias'
type AllParameters = Parameters<GruParameter> & Partial<Parameters<'recurrentBias'>>

/** A cell with the state and the first parameters of `gruCell`. */
export type GruCell = Cell<GruParameter, readonly [h: Tensor]>

const DEFAULTS: GruOptions = { resetAfter: true, recurrentActivation: 'sigmoid', activation: 'tanh' }

/**
 * A GRU with options; without any it is `gruCell` itself. Gates and parameters are those of `gruCell`, but reset before the product there is no recurrentBias.
 * Reset before the product, with hard-sigmoid gates, or both, it runs as one op where the backend has it (`RecurrentVariantForwardOp`); with any other
 * option, through the generic scan.
 *
 * ```ts
 * const cell = gruVariant({ resetAfter: false })
 * ```
 *
 * @throws E_VALUE for options out of range
 */
export function gruVariant(options: GruOptions = {}): GruCell {
  const { resetAfter = true } = options
  const { gate, candidate } = cellActivations('gru', options)
  const own = ownOptions(options, DEFAULTS)
  if (Object.keys(own).length === 0) return gruCell as unknown as GruCell // it has one parameter more

  const cell = defineBuiltInCell<GruParameter, readonly [h: Tensor]>({
    kind: 'gru',
    options: own,
    gates: 3,
    stateSizes: (units) => [units],
    parameters: (inputSize, units) => ({
      kernel: { shape: [inputSize, 3 * units], initializer: glorotUniform },
      recurrent: { shape: [units, 3 * units], initializer: orthogonal },
      bias: { shape: [3 * units], initializer: zeroInitializer },
      ...(resetAfter && { recurrentBias: { shape: [3 * units], initializer: zeroInitializer } }),
    }),
    project: projectInput,
    step(projected, [h], { recurrent, recurrentBias }: AllParameters, fed) {
      const [xr, xz, xn] = split(projected, 3)
      if (resetAfter) {
        const [hr, hz, hn] = split(linear(fed, recurrent, recurrentBias), 3)
        const r = gate(add(xr, hr))
        const z = gate(add(xz, hz))
        return [lerp(candidate(add(xn, mul(r, hn))), h, z)]
      }
      const [forGates, forCandidate] = twoThirds(recurrent)
      const [hr, hz] = split(matmul(fed, forGates), 2)
      const r = gate(add(xr, hr))
      const z = gate(add(xz, hz))
      const n = candidate(add(xn, matmul(mul(r, fed), forCandidate))) // n = tanh(x + (r·h)·R)
      return [lerp(n, h, z)]
    },
  })
  return fusedAs(cell, resetAfter ? 'gru' : 'gruResetBefore', options)
}

/** The weights of r and z, and those of n. */
function twoThirds(recurrent: Tensor): [gates: Tensor, candidate: Tensor] {
  const units = recurrent.shape[0] ?? 0
  const [gates = recurrent, candidate = recurrent] = split(recurrent, [2 * units, units])
  return [gates, candidate]
}
