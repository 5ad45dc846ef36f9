// LSTMs that differ from the usual one: peepholes, coupled gates, projection, layer normalisation, other activations.

import { RnnError } from '../errors.ts'
import { layerNorm } from '../fused/layer-norm.ts'
import { fusedAs } from '../fused/recurrent-variants.ts'
import {
  blocks,
  constant,
  glorotUniform,
  orthogonal,
  zeroInitializer,
  type Initializer,
  type ParameterSpec,
} from '../initializers.ts'
import { add, mul, sub } from '../ops/binary.ts'
import { matmul } from '../ops/matmul.ts'
import { slice, split } from '../ops/views.ts'
import type { Tensor } from '../tensor.ts'
import { cellActivations, ownOptions, type CellActivationOptions } from './activations.ts'
import { defineBuiltInCell } from './built-in.ts'
import type { Cell, Parameters } from './cell.ts'
import { lstmCell } from './lstm.ts'
import { projectInput } from './project-input.ts'

/** What sets an LSTM apart from `lstmCell`. */
export interface LstmOptions extends CellActivationOptions {
  /** The gates see the cell: input and forget gate the one before the step, the output gate the one after (Gers & Schmidhuber 2000). Default: false. */
  readonly peepholes?: boolean
  /** What is let in is what is forgotten, f = 1 − i (Greff et al. 2017; `input_forget` of ONNX). Default: false. */
  readonly coupledGates?: boolean
  /** Width of the hidden state, below `units`, to which the output is projected without a bias (Sak et al. 2014; `proj_size` of PyTorch). Default: as wide as the cell. */
  readonly projection?: number
  /** Layer normalisation of both products and of the cell where it is read (Ba et al. 2016). Default: false. */
  readonly layerNorm?: boolean
}

type LstmParameter = 'kernel' | 'recurrent' | 'bias'
type ExtraParameter = 'peephole' | 'projection' | 'kernelGain' | 'recurrentGain' | 'cellGain' | 'cellBias'
type AllParameters = Parameters<LstmParameter> & Partial<Parameters<ExtraParameter>>

/** A cell with the state and the first parameters of `lstmCell`. */
export type LstmCell = Cell<LstmParameter, readonly [h: Tensor, c: Tensor]>

const DEFAULTS: LstmOptions = {
  peepholes: false,
  coupledGates: false,
  layerNorm: false,
  recurrentActivation: 'sigmoid',
  activation: 'tanh',
}

/**
 * An LSTM with options; without any it is `lstmCell` itself. State: hidden `[B, P]` (P the projection, or `units`) and cell `[B, H]`. With peepholes, coupled
 * gates and hard-sigmoid gates, in any combination, it runs as one op where the backend has it (`RecurrentVariantForwardOp`); with any other option, through the generic scan.
 *
 * Parameters, for G gates in the order i, f, g, o (coupled: i, g, o): kernel `[I, G·H]`, recurrent `[P, G·H]`, bias `[G·H]`. With peepholes peephole
 * `[3, H]` with rows i, f, o (coupled: `[2, H]`, i, o); with a projection projection `[H, P]`; with layer normalisation kernelGain and recurrentGain `[G·H]`,
 * cellGain and cellBias `[H]`.
 *
 * ```ts
 * const cell = lstmVariant({ peepholes: true, projection: 64 })
 * ```
 *
 * @throws E_VALUE for options out of range, E_CONFIGURATION for options that exclude each other
 */
export function lstmVariant(options: LstmOptions = {}): LstmCell {
  const { peepholes = false, coupledGates = false, projection, layerNorm: normalised = false } = options
  const { gate, candidate, read } = cellActivations('lstm', options)
  checkOptions(options)
  const own = ownOptions(options, DEFAULTS)
  if (Object.keys(own).length === 0) return lstmCell

  const gates = coupledGates ? 3 : 4
  const cell = defineBuiltInCell<LstmParameter, readonly [h: Tensor, c: Tensor]>({
    kind: 'lstm',
    options: own,
    gates,
    stateSizes: (units) => [projection ?? units, units],
    parameters(inputSize, units) {
      checkProjection(projection, units)
      const hidden = projection ?? units
      const gain: ParameterSpec = { shape: [gates * units], initializer: constant(1) }
      return {
        kernel: { shape: [inputSize, gates * units], initializer: glorotUniform },
        recurrent: { shape: [hidden, gates * units], initializer: orthogonal },
        bias: { shape: [gates * units], initializer: biasInitializer(coupledGates) },
        ...(peepholes && { peephole: { shape: [gates - 1, units], initializer: zeroInitializer } }),
        ...(projection !== undefined && { projection: { shape: [units, hidden], initializer: glorotUniform } }),
        ...(normalised && {
          kernelGain: gain,
          recurrentGain: gain,
          cellGain: { shape: [units], initializer: constant(1) },
          cellBias: { shape: [units], initializer: zeroInitializer },
        }),
      }
    },
    project: normalised ? projectNormalised : projectInput,
    step(projected, [, c], parameters: AllParameters, fed) {
      const { recurrent, recurrentGain, peephole, cellGain, cellBias, projection: narrowing } = parameters
      const product = matmul(fed, recurrent)
      const normal = recurrentGain === undefined ? product : layerNorm(product, { gain: recurrentGain })
      const [i, f, g, o] = gatesOf(add(projected, normal), coupledGates)
      const [seenByI, seenByF, seenByO] = peepholesOf(peephole, coupledGates)

      const input = gate(seeing(i, seenByI, c)) // i = σ(… + p·c)
      const forget = f === undefined ? sub(1, input) : gate(seeing(f, seenByF, c))
      const next = add(mul(forget, c), mul(input, candidate(g))) // c' = f·c + i·tanh(g)
      const output = gate(seeing(o, seenByO, next))
      const seen = cellGain === undefined ? next : layerNorm(next, { gain: cellGain, bias: cellBias })
      const hidden = mul(output, read(seen)) // h' = o·tanh(c')
      return [narrowing === undefined ? hidden : matmul(hidden, narrowing), next]
    },
  })
  if (projection !== undefined || normalised) return cell
  return fusedAs(cell, coupledGates ? 'coupledLstm' : 'lstm', options)
}

/** The input's product, normalised. */
function projectNormalised(x: Tensor, { kernel, bias, kernelGain }: AllParameters): Tensor {
  return add(layerNorm(matmul(x, kernel), { gain: kernelGain }), bias)
}

/** i, f, g, o; without f where it is coupled. */
function gatesOf(all: Tensor, coupled: boolean): [i: Tensor, f: Tensor | undefined, g: Tensor, o: Tensor] {
  if (!coupled) return split(all, 4)
  const [i, g, o] = split(all, 3)
  return [i, undefined, g, o]
}

/** The rows `[1, H]` of i, f and o. */
function peepholesOf(peephole: Tensor | undefined, coupled: boolean): (Tensor | undefined)[] {
  if (peephole === undefined) return []
  const row = (index: number): Tensor => slice(peephole, 0, index, 1)
  return coupled ? [row(0), undefined, row(1)] : [row(0), row(1), row(2)]
}

/** What enters a gate that sees the cell. */
function seeing(gate: Tensor, peephole: Tensor | undefined, cell: Tensor): Tensor {
  return peephole === undefined ? gate : add(gate, mul(peephole, cell))
}

/** The forget gate starts at σ(1); where it is 1 − i, the input gate at σ(−1). */
function biasInitializer(coupled: boolean): Initializer {
  return coupled
    ? blocks(constant(-1), zeroInitializer, zeroInitializer)
    : blocks(zeroInitializer, constant(1), zeroInitializer, zeroInitializer)
}

function checkOptions({ peepholes, layerNorm: normalised, clip, projection }: LstmOptions): void {
  if (projection !== undefined && !(Number.isSafeInteger(projection) && projection >= 1)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation: 'lstm',
      problem: `projection is ${String(projection)}`,
      fix: 'give a whole number of at least 1, below units',
    })
  }
  if (normalised !== true) return
  const other = peepholes === true ? 'peepholes' : clip === undefined ? undefined : 'clip'
  if (other === undefined) return
  throw new RnnError({
    code: 'E_CONFIGURATION',
    operation: 'lstm',
    problem: `layerNorm and ${other} exclude each other`,
    fix:
      other === 'clip'
        ? 'leave out clip: normalised products are bounded already'
        : 'choose one: a normalised cell has no published form with peepholes',
  })
}

/** A cell knows its units only when it is asked for sizes. */
function checkProjection(projection: number | undefined, units: number): void {
  if (projection === undefined || projection < units) return
  throw new RnnError({
    code: 'E_CONFIGURATION',
    operation: 'lstm',
    problem: `projection is ${projection}, with ${units} units`,
    fix: 'a projection makes the hidden state smaller than the cell: give less than units, or leave it out',
  })
}
