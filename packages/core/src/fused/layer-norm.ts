// Layer normalisation over the last axis.

import type { LayerNormForwardOp } from '../contract/fused-ops.ts'
import { RnnError } from '../errors.ts'
import { execute, run } from '../execute.ts'
import { add, mul, sub } from '../ops/binary.ts'
import { checkDType, checkShape, checkTensors } from '../ops/checks.ts'
import { mean } from '../ops/reduce.ts'
import { rsqrt, square } from '../ops/unary.ts'
import { recorderOf } from '../recorder.ts'
import { scope } from '../scope.ts'
import { allocateTensor, type Tensor } from '../tensor.ts'
import { chooseFused, countFused, floatOf, signatureOf } from './choose.ts'

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** float32 `[N]`, multiplies. Default: ones. */
  readonly gain?: Tensor | undefined
  /** float32 `[N]`, added. Default: zeros. */
  readonly bias?: Tensor | undefined
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number
}

/** `(x − mean) / √(variance + ε) · gain + bias` over the last axis (Ba, Kiros & Hinton 2016); float32, biased variance. */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Tensor {
  const { gain, bias, epsilon = 1e-5 } = options
  checkTensors('layerNorm', [x, gain, bias])
  checkDType('layerNorm', 'x', x, 'float32')
  if (x.rank === 0)
    throw new RnnError({ code: 'E_SHAPE', operation: 'layerNorm', problem: 'x is a scalar, expected […, units]' })
  const width = [x.shape.at(-1) ?? 0]
  for (const [name, each] of Object.entries({ gain, bias })) {
    if (each === undefined) continue
    checkDType('layerNorm', name, each, 'float32')
    checkShape('layerNorm', name, each, width)
  }
  return scope(
    x.backend,
    () => fusedForward(x, gain ?? null, bias ?? null, epsilon) ?? composite(x, gain, bias, epsilon),
  )
}

function fusedForward(x: Tensor, gain: Tensor | null, bias: Tensor | null, epsilon: number): Tensor | undefined {
  const { backend } = x
  const rows = x.shape.slice(0, -1)
  const [xSignature, gainSignature, biasSignature] = [signatureOf(x), signatureOf(gain), signatureOf(bias)] as const
  const recorder = recorderOf('layerNorm', [x, gain, bias])
  const supported = chooseFused(
    backend,
    {
      op: 'layerNormForward',
      inputs: [xSignature, gainSignature, biasSignature],
      outputs: [floatOf(x.shape), floatOf(rows), floatOf(rows)],
      attributes: { epsilon },
    },
    recorder && {
      op: 'layerNormBackward',
      inputs: [floatOf(x.shape), xSignature, gainSignature, floatOf(rows), floatOf(rows)],
      outputs: [floatOf(x.shape), gain && floatOf(gain.shape), bias && floatOf(bias.shape)],
      attributes: {},
    },
  )
  if (!supported) return undefined
  const y = allocateTensor(backend, x.shape, 'float32')
  const average = allocateTensor(backend, rows, 'float32')
  const scale = allocateTensor(backend, rows, 'float32')
  execute(
    { op: 'layerNormForward', inputs: [x, gain, bias], outputs: [y, average, scale], attributes: { epsilon } },
    'layerNorm',
  )
  return y
}

function composite(x: Tensor, gain: Tensor | undefined, bias: Tensor | undefined, epsilon: number): Tensor {
  const centred = sub(x, mean(x, { axis: -1, keepDims: true }))
  const variance = mean(square(centred), { axis: -1, keepDims: true })
  const normal = mul(centred, rsqrt(add(variance, epsilon)))
  const scaled = gain === undefined ? normal : mul(normal, gain)
  return bias === undefined ? scaled : add(scaled, bias)
}

/** Gradients of layer norm; see `LayerNormBackwardOp`. For tapes. */
export function layerNormBackward(
  inputs: LayerNormForwardOp<Tensor>['inputs'],
  statistics: readonly [mean: Tensor, rstd: Tensor],
  gradY: Tensor,
): { readonly x: Tensor; readonly gain: Tensor | null; readonly bias: Tensor | null } {
  const [x, gain, bias] = inputs
  const { backend } = x
  const gradX = allocateTensor(backend, x.shape, 'float32')
  const gradGain = gain && allocateTensor(backend, gain.shape, 'float32')
  const gradBias = bias && allocateTensor(backend, bias.shape, 'float32')
  countFused(backend, 'layerNormBackward', true)
  run({
    op: 'layerNormBackward',
    inputs: [gradY, x, gain, ...statistics],
    outputs: [gradX, gradGain, gradBias],
    attributes: {},
  })
  return { x: gradX, gain: gradGain, bias: gradBias }
}
