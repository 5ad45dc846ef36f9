// Logits over a large vocabulary that are never there all at once: a projection that is still to be made, and its cross-entropy by pieces.

import { customGradient } from './custom-gradient.ts'
import { RnnError } from './errors.ts'
import { run } from './execute.ts'
import { chooseFused, floatOf, signatureOf } from './fused/choose.ts'
import {
  checkCrossEntropyOptions,
  crossEntropyBackward,
  softmaxCrossEntropy,
  type CrossEntropyOptions,
} from './fused/cross-entropy.ts'
import { mul } from './ops/binary.ts'
import { checkDType, checkShape, checkTensors } from './ops/checks.ts'
import { ones, tensor, zeros } from './ops/creation.ts'
import { gather } from './ops/gather.ts'
import { accumulate, matmulInto } from './ops/in-place.ts'
import { matmul } from './ops/matmul.ts'
import { sum } from './ops/reduce.ts'
import { detach, reshape, slice } from './ops/views.ts'
import { recorderOf } from './recorder.ts'
import { scope } from './scope.ts'
import { formatShape, sizeOf } from './shape.ts'
import { allocateTensor, Tensor } from './tensor.ts'

/**
 * `features · kernel + bias`, not computed yet: what a model over a large vocabulary gives while it trains. Over 832 words of a batch and 8,000 of a vocabulary the
 * logits and their gradient would be 53 MB; the loss needs them by pieces only.
 */
export interface DeferredLogits {
  readonly kind: 'deferredLogits'
  /** float32 `[…, features]`. */
  readonly features: Tensor
  /** float32 `[features, V]`, or `[V, features]` with `transposeKernel`: embeddings that are shared with the input. */
  readonly kernel: Tensor
  readonly transposeKernel: boolean
  /** float32 `[V]`. */
  readonly bias: Tensor | undefined
}

/** True for logits that are still to be computed. */
export function isDeferredLogits(value: unknown): value is DeferredLogits {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Tensor) &&
    'kind' in value &&
    value.kind === 'deferredLogits'
  )
}

/** The logits themselves, float32 `[…, V]`; a tensor is given back as it is. */
export function logitsOf(logits: DeferredLogits | Tensor): Tensor {
  if (logits instanceof Tensor) return logits
  const { features, kernel, transposeKernel, bias } = logits
  return matmul(features, kernel, { transposeB: transposeKernel, ...(bias && { bias }) })
}

/** Options of `deferredCrossEntropy`. */
export interface DeferredCrossEntropyOptions extends CrossEntropyOptions {
  /** float32 of the labels' shape: what each row's loss is multiplied by before the sum. A constant to differentiation. Default: ones. */
  readonly rowWeights?: Tensor | undefined
  /** Bytes of logits that are there at a time, but those of 64 rows in any case. Default: 16 MiB, which stay in a third-level cache, while the kernel is packed seldom. */
  readonly pieceBytes?: number
}

/** Fewer rows at a time would make small products. */
const LEAST_ROWS = 64

/**
 * The sum over all rows of `rowWeights · crossEntropy(softmax(logits), label)`, as `softmaxCrossEntropy` has it, without holding logits or probabilities of all rows.
 *
 * While a tape follows the features, kernel or bias, the gradients are computed piece by piece together with the loss, when the logits of a piece are at hand: so no
 * product is made twice. Rows with label −1 are left out altogether where the labels can be read at once (cpu, wasm).
 *
 * @param labels int32 of the features' shape without the last axis; −1 stands for "ignore"
 * @returns float32 `[]`
 * @throws E_SHAPE, E_DTYPE, E_VALUE for what doesn't fit; E_INDEX_RANGE, at once or at the next read, for a label that is none
 */
export function deferredCrossEntropy(
  logits: DeferredLogits,
  labels: Tensor,
  options: DeferredCrossEntropyOptions = {},
): Tensor {
  const operation = 'deferredCrossEntropy'
  const { features, kernel, bias, transposeKernel } = logits
  const { rowWeights, classWeights, labelSmoothing = 0 } = options
  checkTensors(operation, [features, kernel, bias, labels, rowWeights, classWeights])
  for (const [name, each] of Object.entries({ features, kernel, bias, rowWeights }))
    if (each !== undefined) checkDType(operation, name, each, 'float32')
  checkDType(operation, 'labels', labels, 'int32')
  checkShape(operation, 'labels', labels, features.shape.slice(0, -1))
  if (rowWeights !== undefined) checkShape(operation, 'rowWeights', rowWeights, labels.shape)
  const width = features.shape.at(-1) ?? 0
  const [inner, classes] = transposeKernel ? [kernel.shape[1], kernel.shape[0]] : kernel.shape
  if (kernel.rank !== 2 || inner !== width || classes === undefined) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `features have shape ${formatShape(features.shape)}, the kernel ${formatShape(kernel.shape)}`,
      fix: `give a kernel of ${transposeKernel ? `[V, ${width}]` : `[${width}, V]`}`,
    })
  }
  if (bias !== undefined) checkShape(operation, 'bias', bias, [classes])
  checkCrossEntropyOptions(operation, classes, options)
  const { backend } = features
  const rows = sizeOf(labels.shape)

  return scope(backend, () => {
    const recorder = recorderOf(operation, [features, kernel, bias ?? null])
    const flat = { ...logits, features: reshape(features, [rows, width]) }
    const flatLabels = reshape(labels, [rows])
    const weights = rowWeights === undefined ? ones([rows], { backend }) : reshape(detach(rowWeights), [rows])
    if (recorder !== undefined && !gradientsAreFused(flat, flatLabels, classes, options)) {
      const losses = softmaxCrossEntropy(logitsOf(flat), flatLabels, { labelSmoothing, classWeights })
      return sum(mul(losses, weights))
    }
    const inputs = [flat.features, kernel, ...(bias === undefined ? [] : [bias])]
    const [total] = customGradient(operation, inputs, ([x = features, w = kernel, b], wanted) => {
      const constant = { ...flat, features: x, kernel: w, bias: b }
      return byPieces(constant, flatLabels, weights, classes, options, wanted)
    })
    return total ?? zeros([], { backend })
  })
}

/** Whether the backend computes row losses and their gradients in one op each; without, the tape takes the composite apart. */
function gradientsAreFused(
  { features }: DeferredLogits,
  labels: Tensor,
  classes: number,
  { labelSmoothing = 0, classWeights }: CrossEntropyOptions,
): boolean {
  const [rows = 0] = labels.shape
  const [x, y, w] = [floatOf([rows, classes]), signatureOf(labels), signatureOf(classWeights ?? null)]
  const attributes = { labelSmoothing }
  const perRow = floatOf([rows])
  return chooseFused(
    features.backend,
    { op: 'crossEntropyForward', inputs: [x, y, w], outputs: [perRow, perRow], attributes },
    { op: 'crossEntropyBackward', inputs: [perRow, x, y, w, perRow], outputs: [x], attributes },
  )
}

interface Gradients {
  readonly features: Tensor | undefined
  readonly kernel: Tensor | undefined
  readonly bias: Tensor | undefined
}

/** The loss of all rows that count, and with it the gradients that are wanted, all for an upstream gradient of 1. */
function byPieces(
  logits: DeferredLogits,
  labels: Tensor,
  rowWeights: Tensor,
  classes: number,
  options: DeferredCrossEntropyOptions,
  wanted: readonly boolean[],
): ReturnType<Parameters<typeof customGradient>[2]> {
  const { backend } = labels
  const { pieceBytes = 16 * 1024 * 1024 } = options
  const places = rowsThatCount(labels)
  const packed = (each: Tensor): Tensor => (places === undefined ? each : gather(each, places.kept))
  const x = packed(logits.features)
  const y = packed(labels)
  const w = packed(rowWeights)
  const count = y.size
  const [wantsX = false, wantsKernel = false, wantsBias = false] = wanted
  const blank = (like: Tensor, when: boolean): Tensor | undefined => (when ? zeros(like.shape, { backend }) : undefined)
  const gradients: Gradients = {
    features: blank(x, wantsX),
    kernel: blank(logits.kernel, wantsKernel),
    bias: logits.bias && blank(logits.bias, wantsBias),
  }
  const total = zeros([], { backend })
  const most = Math.max(LEAST_ROWS, Math.floor(pieceBytes / (4 * Math.max(1, classes))))
  const pieces = Math.ceil(count / most)
  for (let piece = 0; piece < pieces; piece++) {
    const from = Math.floor((piece * count) / pieces)
    const size = Math.floor(((piece + 1) * count) / pieces) - from
    scope(backend, () => {
      const part = (each: Tensor): Tensor => slice(each, 0, from, size)
      const own = { ...logits, features: part(x) }
      const within = gradients.features && part(gradients.features)
      accumulate(total, onePiece(own, part(y), part(w), options, { ...gradients, features: within }))
    })
  }
  const features = gradients.features
  const saved = [features, gradients.kernel, gradients.bias].filter((each) => each !== undefined)
  return {
    outputs: [total],
    saved: places === undefined ? saved : [...saved, places.back],
    backward([upstream = null], kept) {
      if (upstream === null) return []
      const scale = isOne(upstream) ? undefined : upstream
      const scaled = (each: Tensor | undefined): Tensor | null =>
        each === undefined ? null : scale === undefined ? detach(each) : mul(each, scale)
      const [gradX, gradKernel, gradBias] = inTurn(kept, [wantsX, wantsKernel, wantsBias])
      const back = places === undefined ? undefined : kept.at(-1)
      const spread = gradX && (back === undefined ? gradX : gather(gradX, back))
      return [scaled(spread), scaled(gradKernel), scaled(gradBias)]
    },
  }
}

/** The loss `[]` of some rows; adds to the gradients on the way. */
function onePiece(
  logits: DeferredLogits,
  labels: Tensor,
  rowWeights: Tensor,
  { labelSmoothing = 0, classWeights }: CrossEntropyOptions,
  gradients: Gradients,
): Tensor {
  const { features, kernel, transposeKernel } = logits
  const { backend } = features
  const computed = logitsOf(logits)
  const wantsNone = Object.values(gradients).every((each) => each === undefined)
  if (wantsNone) return sum(mul(softmaxCrossEntropy(computed, labels, { labelSmoothing, classWeights }), rowWeights))

  const inputs = [computed, labels, classWeights ?? null] as const
  const attributes = { labelSmoothing }
  const losses = allocateTensor(backend, labels.shape, 'float32')
  const logSumExp = allocateTensor(backend, labels.shape, 'float32')
  run({ op: 'crossEntropyForward', inputs, outputs: [losses, logSumExp], attributes }, 'deferredCrossEntropy')
  const gradLogits = crossEntropyBackward({ inputs, attributes }, logSumExp, rowWeights)
  computed.dispose()
  if (gradients.features !== undefined)
    matmulInto(gradients.features, gradLogits, kernel, { transposeB: !transposeKernel })
  if (gradients.kernel !== undefined) {
    const [left, right] = transposeKernel ? [gradLogits, features] : [features, gradLogits]
    matmulInto(gradients.kernel, left, right, { transposeA: true })
  }
  if (gradients.bias !== undefined) accumulate(gradients.bias, sum(gradLogits, { axis: 0 }))
  return sum(mul(losses, rowWeights))
}

/**
 * Which rows have a label: `kept` are their numbers, `back` is for each row its place among them, or −1. Undefined where all have one, or where the labels can't be
 * read without waiting.
 */
function rowsThatCount(labels: Tensor): { readonly kept: Tensor; readonly back: Tensor } | undefined {
  const { backend } = labels
  if (backend.readSync === undefined) return undefined
  const values = labels.dataSync()
  if (!values.includes(-1)) return undefined
  const kept: number[] = []
  const back = Int32Array.from(values, (label, row) => (label === -1 ? -1 : kept.push(row) - 1))
  return { kept: tensor(Int32Array.from(kept), { backend }), back: tensor(back, { backend }) }
}

/** A gradient of 1, where that can be known at once: then a kernel's gradient need not be multiplied by it. */
function isOne(scalar: Tensor): boolean {
  return scalar.backend.readSync !== undefined && scalar.dataSync()[0] === 1
}

/** The tensors in the places where one is wanted. */
function inTurn(tensors: readonly Tensor[], wanted: readonly boolean[]): (Tensor | undefined)[] {
  let next = 0
  return wanted.map((want) => (want ? tensors[next++] : undefined))
}
