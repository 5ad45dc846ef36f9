// Weights trained with PyTorch: a state_dict's names and layouts to ours.

import { formatShape, RnnError, sameShape, sizeOf } from '@rnn/core'
import { MultiHeadAttention } from '../attention/multi-head-attention.ts'
import { Convolution } from '../convolution/convolution.ts'
import type { HostArray } from '../host-array.ts'
import { Dense } from '../layers/dense.ts'
import { Embedding } from '../layers/embedding.ts'
import { LayerNormalization } from '../layers/layer-normalization.ts'
import { TransformerEncoderLayer } from '../transformer/transformer-encoder-layer.ts'
import type { Variable } from '../variable.ts'
import type { Recurrent } from '../recurrent/recurrent.ts'

/** Arrays by name, as `state_dict()` has them and as `readSafetensors(bytes).tensors` gives them. */
export type PytorchState = Readonly<Record<string, HostArray>> | ReadonlyMap<string, HostArray>

/** Options of `importPytorch`. */
export interface ImportPytorchOptions {
  /** What stands before the module's own names: `encoder.` for `encoder.weight_ih_l0`. Default: nothing. */
  readonly prefix?: string
}

/** Layers that PyTorch has as well. */
export type ImportableLayer =
  | Recurrent
  | Convolution
  | Dense
  | Embedding
  | LayerNormalization
  | MultiHeadAttention
  | TransformerEncoderLayer

/**
 * Copies the weights of one PyTorch module into a layer that has been initialised: nn.RNN, nn.LSTM or nn.GRU into the recurrent layer of the same
 * cell, size, depth and directions (with `proj_size` into `lstm({ projection })`); nn.Linear into `dense`; nn.Conv1d and nn.Conv2d into `conv1d` and `conv2d`; nn.Embedding into `embedding`; nn.LayerNorm into `layerNormalization`;
 * nn.MultiheadAttention into `multiHeadAttention`; nn.TransformerEncoderLayer into `transformerEncoderLayer`. Gate orders agree; kernels are transposed, and the two
 * biases of RNN and LSTM are added. Nothing is changed unless everything fits.
 *
 * ```ts
 * importPytorch(withEncoder.encoder, readSafetensors(pytorchBytes).tensors, { prefix: 'encoder.' })
 * ```
 *
 * @throws E_CHECKPOINT for missing, unexpected or misshapen arrays, E_UNSUPPORTED for a cell that PyTorch has not, E_NOT_BUILT before `init`
 */
export function importPytorch(layer: ImportableLayer, state: PytorchState, options: ImportPytorchOptions = {}): void {
  const { prefix = '' } = options
  const source = new Source(state, prefix)
  const variables = new Map(layer.variables().map(({ path, variable }) => [path, variable]))
  const assignments: [Variable, Float32Array][] = []
  if (variables.size === 0) void layer.backend // throws E_NOT_BUILT
  matchWeights(layer, source, (path, values) => {
    const variable = variables.get(path)
    if (variable !== undefined) assignments.push([variable, values(variable.spec.shape)])
  })
  source.finish()
  for (const [variable, values] of assignments) variable.assign(values)
}

/** Says of each variable of a layer, by its path, how the arrays of a source make its values. */
function matchWeights(
  layer: ImportableLayer,
  source: Source,
  set: (path: string, values: (shape: readonly number[]) => Float32Array) => void,
): void {
  if (layer instanceof Embedding) set('kernel', (shape) => source.take('weight', shape))
  else if (layer instanceof Dense || layer instanceof Convolution) {
    set('kernel', (shape) => source.takeTransposed('weight', shape))
    set('bias', (shape) => source.take('bias', shape))
  } else if (layer instanceof MultiHeadAttention) {
    for (const [path, name] of ATTENTION_KERNELS) set(path, (shape) => source.takeTransposed(name, shape))
    set('inputBias', (shape) => source.takeBias('in_proj_bias', shape))
    set('outputBias', (shape) => source.takeBias('out_proj.bias', shape))
  } else if (layer instanceof LayerNormalization) {
    set('gain', (shape) => source.take('weight', shape))
    set('bias', (shape) => source.take('bias', shape))
  } else if (layer instanceof TransformerEncoderLayer) {
    for (const { name, module } of layer.children()) {
      const their = TRANSFORMER_PARTS[name as keyof typeof TRANSFORMER_PARTS]
      matchWeights(module as ImportableLayer, source.within(`${their}.`), (path, values) =>
        set(`${name}.${path}`, values),
      )
    }
  } else {
    for (const { path, suffix } of cellsOf(layer)) {
      set(`${path}kernel`, (shape) => source.takeTransposed(`weight_ih_${suffix}`, shape))
      set(`${path}recurrent`, (shape) => source.takeTransposed(`weight_hh_${suffix}`, shape))
      set(`${path}projection`, (shape) => source.takeTransposed(`weight_hr_${suffix}`, shape))
      const input = (shape: readonly number[]): Float32Array => source.takeBias(`bias_ih_${suffix}`, shape)
      const hidden = (shape: readonly number[]): Float32Array => source.takeBias(`bias_hh_${suffix}`, shape)
      if (layer.cell.kind === 'gru') {
        // Reset comes after the recurrent product, so that the hidden bias can't be moved to the other side.
        set(`${path}bias`, input)
        set(`${path}recurrentBias`, hidden)
      } else {
        set(`${path}bias`, (shape) => sum(input(shape), hidden(shape)))
      }
    }
  }
}

/** What nn.TransformerEncoderLayer calls the parts of ours. */
const TRANSFORMER_PARTS = {
  attention: 'self_attn',
  attentionNorm: 'norm1',
  widen: 'linear1',
  narrow: 'linear2',
  outputNorm: 'norm2',
} as const

/** Kernels of multi-head attention: one for all three projections where query and memory have the same size, else one each. */
const ATTENTION_KERNELS = [
  ['inputKernel', 'in_proj_weight'],
  ['queryKernel', 'q_proj_weight'],
  ['keyKernel', 'k_proj_weight'],
  ['valueKernel', 'v_proj_weight'],
  ['outputKernel', 'out_proj.weight'],
] as const

/** Where a recurrent layer's cells are: our path before the names, PyTorch's ending after them. */
function cellsOf(layer: Recurrent): { path: string; suffix: string }[] {
  if (
    layer.levels.some(({ cell, options }) => cell.kind !== layer.cell.kind || options.units !== layer.options.units)
  ) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'importPytorch',
      problem: 'a stack of layers that are not alike, which no module of PyTorch is',
      fix: 'import into each layer by itself, in a sequential, and load the weights of that: saveWeights, loadWeights',
    })
  }
  const { kind, options = {} } = layer.cell
  const others = Object.keys(options).filter((name) => name !== 'projection')
  if (!['simpleTanh', 'simpleRelu', 'lstm', 'gru'].includes(kind) || others.length > 0) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'importPytorch',
      problem: `PyTorch has no '${kind}' cell${others.length > 0 ? ` with ${others.join(', ')}` : ''}`,
      fix: 'import into lstm (with a projection or without), gru, or simpleRnn with tanh or relu',
    })
  }
  return Array.from({ length: layer.layerCount }, (_, index) =>
    layer.directions.map((direction) => ({
      path: `${layer.layerCount > 1 ? `${index}.` : ''}${layer.bidirectional ? `${direction}.` : ''}`,
      // A single backward layer takes the weights of a forward one.
      suffix: `l${index}${layer.bidirectional && direction === 'backward' ? '_reverse' : ''}`,
    })),
  ).flat()
}

/** The arrays with a prefix, each taken once; collects what doesn't fit. */
class Source {
  readonly #arrays: ReadonlyMap<string, HostArray>
  readonly #prefix: string
  readonly #left: Set<string>
  readonly #problems: string[]

  constructor(state: PytorchState, prefix: string, whole?: Source) {
    this.#arrays = state instanceof Map ? state : new Map(Object.entries(state))
    this.#prefix = prefix
    this.#left =
      whole === undefined ? new Set([...this.#arrays.keys()].filter((name) => name.startsWith(prefix))) : whole.#left
    this.#problems = whole === undefined ? [] : whole.#problems
  }

  /** A part of it: what it takes, and what doesn't fit, is the whole's. */
  within(prefix: string): Source {
    return new Source(this.#arrays, this.#prefix + prefix, this)
  }

  take(name: string, shape: readonly number[]): Float32Array {
    const array = this.#find(name, shape)
    return array === undefined ? new Float32Array(0) : Float32Array.from(array.data)
  }

  /** As `take`, for a kernel `[…window, in, out]` that PyTorch has as `[out, in, …window]`; of most layers the window is nothing. */
  takeTransposed(name: string, shape: readonly number[]): Float32Array {
    const [inputs = 0, outputs = 0] = shape.slice(-2)
    const window = shape.slice(0, -2)
    const array = this.#find(name, [outputs, inputs, ...window])
    if (array === undefined) return new Float32Array(0)
    const taps = sizeOf(window)
    return Float32Array.from({ length: taps * inputs * outputs }, (_, i) => {
      const [output, row] = [i % outputs, Math.floor(i / outputs)]
      return array.data[(output * inputs + (row % inputs)) * taps + Math.floor(row / inputs)] ?? 0
    })
  }

  /** As `take`; zeros for a module without biases. */
  takeBias(name: string, shape: readonly number[]): Float32Array {
    return this.#left.has(this.#prefix + name) ? this.take(name, shape) : new Float32Array(shape[0] ?? 0)
  }

  finish(): void {
    const problems = [...this.#problems, ...[...this.#left].map((name) => `unexpected ${name}`)]
    if (problems.length === 0) return
    throw new RnnError({
      code: 'E_CHECKPOINT',
      operation: 'importPytorch',
      problem: `the state is of another module: ${problems.join('; ')}`,
      fix: 'check units, projection, layers, directions and prefix',
    })
  }

  #find(name: string, shape: readonly number[]): HostArray | undefined {
    const full = this.#prefix + name
    const array = this.#arrays.get(full)
    this.#left.delete(full)
    if (array !== undefined && sameShape(array.shape, shape)) return array
    this.#problems.push(
      array === undefined ? `missing ${full}` : `${full} ${formatShape(array.shape)} instead of ${formatShape(shape)}`,
    )
    return undefined
  }
}

function sum(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + (b[i] ?? 0))
}
