// Running the layer of a case on a backend.

import { valueAndGrad } from '@rnn/autodiff'
import { isDeferredLogits, key, logitsOf, scope, type Backend, type DeferredLogits, type Tensor } from '@rnn/core'
import type { ForwardContext, HostArray, Module, ModuleTypes, NamedVariable } from '@rnn/layers'
import { weightedSum } from '../../gradients.ts'
import { hostTensor, type HostTensor } from '../../host-tensor.ts'
import { upload, type Input } from '../../programs.ts'
import { pseudoRandom } from '../../values.ts'

/** A layer and what it is fed. */
export interface LayerCase {
  readonly make: () => CaseModule
  /** One tensor, or several by name. */
  readonly x: CaseInput
  readonly lengths?: Input
  /** Run as in training, with a random key. Default: false. */
  readonly training?: boolean
  /** Roundings on the longest path. */
  readonly roundings: number
  /** Size of the terms of which gradients are made, where they cancel: errors go with the terms, not with what is left. Default: 0, the largest element says it. */
  readonly scale?: number
  /** Keep the values of `init` (embeddings); otherwise every variable gets pseudo-random values, biases too. */
  readonly keepInitial?: boolean
  /** Run on the backend's composites too. */
  readonly composite?: boolean
  /** Types that the JSON form of the layer needs. */
  readonly types?: ModuleTypes
}

/** One tensor, or several by name. */
export type CaseInput = Input | Readonly<Record<string, Input>>

/** A module of any input that gives one tensor, or logits. */
export type CaseModule = Module<never, Tensor> | Module<never, DeferredLogits>

/** The same, for callers who see to it that the input fits. */
type AnyCaseModule = Module<unknown, Tensor | DeferredLogits>

/** What a layer gives on one backend. */
export interface Outcome {
  readonly output: HostTensor
  /** By path of the parameter; those of the float32 inputs by `x`, or by their names. */
  readonly gradients: ReadonlyMap<string, HostTensor>
}

/** The layer of the case with its values. */
export async function prepared(backend: Backend, layer: LayerCase): Promise<AnyCaseModule> {
  const model = layer.make() as unknown as AnyCaseModule
  await model.init(backend, { seed: 7 })
  if (layer.keepInitial) return model
  model
    .variables()
    .forEach(({ variable }, i) => variable.assign(Float32Array.from(pseudoRandom(variable.size, 800 + i, 1))))
  return model
}

/** The inputs by name. */
export function inputsOf({ x }: LayerCase): Readonly<Record<string, Input>> {
  return isInput(x) ? { x } : x
}

function isInput(x: CaseInput): x is Input {
  return 'values' in x && ArrayBuffer.isView(x.values)
}

/** The output on tensors by the names of `inputsOf`, with logits computed. */
export function forward(
  model: AnyCaseModule,
  backend: Backend,
  layer: LayerCase,
  inputs: Readonly<Record<string, Tensor>>,
): Tensor {
  const { lengths, training = false } = layer
  const context: ForwardContext = {
    training,
    key: training ? key(11) : undefined,
    lengths: lengths && upload(backend, lengths),
  }
  const output = model.forward(isInput(layer.x) ? inputs['x'] : inputs, context)
  return isDeferredLogits(output) ? logitsOf(output) : output
}

/** The case's input for `predict`. */
export function batchOf(layer: LayerCase): { inputs: unknown; lengths?: HostArray } {
  const { lengths } = layer
  const arrays = Object.entries(inputsOf(layer)).map(([name, each]) => [name, hostArray(each)] as const)
  return {
    inputs: isInput(layer.x) ? arrays[0]?.[1] : Object.fromEntries(arrays),
    ...(lengths && { lengths: hostArray(lengths) }),
  }
}

function hostArray({ dtype, values, shape }: Input): HostArray {
  return { data: dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values), shape }
}

/** What is differentiated by: parameters that are trained, and float32 inputs. Tensors of the model and of `inputs`. */
export function differentiable(
  trained: readonly NamedVariable[],
  inputs: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const floats = Object.entries(inputs).filter(([, each]) => each.dtype === 'float32')
  return Object.fromEntries([...trained.map(({ path, variable }) => [path, variable.value] as const), ...floats])
}

/** The parameters that training changes. */
export function trainedBy(model: AnyCaseModule): readonly NamedVariable[] {
  return model.parameters().filter(({ variable }) => variable.trainable)
}

/** Uploads the inputs of the case; the tensors belong to the caller's scope. */
export function uploadInputs(backend: Backend, layer: LayerCase): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(inputsOf(layer)).map(([name, each]) => [name, upload(backend, each)]))
}

/** Output and gradients of a weighted sum of it. */
export async function outcomeOn(backend: Backend, layer: LayerCase): Promise<Outcome> {
  const model = await prepared(backend, layer)
  const { output, gradients } = scope(backend, () => {
    const inputs = uploadInputs(backend, layer)
    const by = differentiable(trainedBy(model), inputs)
    const output = forward(model, backend, layer, inputs)
    if (Object.keys(by).length === 0) return { output, gradients: {} as Readonly<Record<string, Tensor>> }
    // The model's own tensors are the parameters.
    const loss = (_parameters: Readonly<Record<string, Tensor>>): Tensor =>
      weightedSum(forward(model, backend, layer, inputs), backend)
    return { output, gradients: valueAndGrad(loss)(by).gradients }
  })
  const read = async (tensor: Tensor): Promise<HostTensor> => {
    const host = hostTensor(tensor.shape, await tensor.data(), tensor.dtype)
    tensor.dispose()
    return host
  }
  const found = new Map<string, HostTensor>()
  for (const [path, gradient] of Object.entries(gradients)) found.set(path, await read(gradient))
  const host = await read(output)
  model.dispose()
  return { output: host, gradients: found }
}
