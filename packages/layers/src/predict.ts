// Inference from host to host: upload, one forward pass, read, with everything freed on the way.

import {
  cast,
  isDeferredLogits,
  logitsOf,
  readTensors,
  RnnError,
  scope,
  sigmoid,
  softmax,
  Tensor,
  tensorsIn,
  type Backend,
  type DeferredLogits,
} from '@rnn/core'
import type { ForwardContext } from './context.ts'
import { isHostArray, upload, type BatchLike, type HostArray } from './host-array.ts'

/** What may be given for a model's input: a tensor or a host array in each tensor's place. */
export type HostInput<Input> = Input extends Tensor
  ? Tensor | HostArray
  : Input extends object
    ? { readonly [K in keyof Input]: HostInput<Input[K]> }
    : Input

/** Inputs alone, or a batch with lengths. A model whose inputs are a record must not call one of them `inputs`. */
export type PredictInput<Input> = HostInput<Input> | BatchLike<HostInput<Input>>

/** A model's output with a host array in each tensor's place; logits are computed. */
export type Prediction<Output> = Output extends Tensor | DeferredLogits
  ? HostArray<Float32Array>
  : Output extends object
    ? { readonly [K in keyof Output]: Prediction<Output[K]> }
    : Output

/** Options of `predict`. */
export interface PredictOptions {
  /** Applied to every output of a model that ends in logits: softmax over the last axis, or sigmoid. Default: none. */
  readonly activation?: 'softmax' | 'sigmoid'
  /** int32 `[batch]`, in place of the batch's own. */
  readonly lengths?: HostArray | Tensor
}

interface Predictable<Input, Output> {
  readonly backend: Backend
  forward(x: Input, context: ForwardContext): Output
}

/** See `Module.predict`. */
export async function predict<Input, Output>(
  model: Predictable<Input, Output>,
  given: PredictInput<Input>,
  options: PredictOptions,
): Promise<Prediction<Output>> {
  const { backend } = model
  const { inputs, lengths: own } = asBatch(given)
  const { activation, lengths = own } = options
  // The read is asked for inside the scope, which then frees everything: a read gives the values as of its call.
  const { output, tensors, shapes, reading } = withoutTensors(backend, () => {
    const batch = upload({ inputs, lengths }, backend)
    const context: ForwardContext = { training: false, key: undefined, lengths: batch.lengths }
    const forwarded = model.forward(batch.inputs as Input, context) // the upload of a HostInput<Input> is an Input
    const result = isDeferredLogits(forwarded) ? logitsOf(forwarded) : forwarded
    const found = tensorsIn(result)
    const activated = found.map((each) => activate(activation, each.dtype === 'float32' ? each : cast(each, 'float32')))
    return {
      output: result,
      tensors: found,
      shapes: activated.map(({ shape }) => shape),
      reading: readTensors(activated),
    }
  })
  const arrays = await reading
  const hosts = new Map(tensors.map((each, i) => [each, { data: arrays[i], shape: shapes[i] }]))
  return replaceTensors(output, hosts) as Prediction<Output>
}

/** As `scope`, but frees what is returned, too: what is left of a tensor is its identity. */
function withoutTensors<R>(backend: Backend, body: () => R): R {
  const results: R[] = []
  scope(backend, () => {
    results.push(body())
  })
  return results[0] as R // scope has thrown otherwise
}

function asBatch(given: unknown): BatchLike {
  if (given instanceof Tensor || isHostArray(given)) return { inputs: given }
  if (typeof given === 'object' && given !== null && 'inputs' in given) return given
  return { inputs: given }
}

function activate(name: PredictOptions['activation'], x: Tensor): Tensor {
  if (name === undefined) return x
  if (name === 'softmax') return softmax(x)
  if (name === 'sigmoid') return sigmoid(x)
  throw new RnnError({
    code: 'E_VALUE',
    operation: 'predict',
    problem: `activation '${String(name)}'`,
    fix: "use 'softmax' or 'sigmoid'",
  })
}

function replaceTensors(value: unknown, hosts: ReadonlyMap<Tensor, unknown>): unknown {
  if (value instanceof Tensor) return hosts.get(value)
  if (Array.isArray(value)) return value.map((each) => replaceTensors(each, hosts))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaceTensors(each, hosts)]))
  }
  return value
}
