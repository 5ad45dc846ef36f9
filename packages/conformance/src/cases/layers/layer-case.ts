// A layer as a case: its output, its gradients, `predict` and `to`, against the same layer on the float64 reference.

import { valueAndGrad } from '@rnn/autodiff'
import { key, scope, type Backend, type Tensor } from '@rnn/core'
import type { ForwardContext, Module } from '@rnn/layers'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compare, compareBits, relativeToLargest } from '../../check.ts'
import { weightedSum } from '../../gradients.ts'
import { hostTensor, type HostTensor } from '../../host-tensor.ts'
import { compositesOf, upload, type Input } from '../../programs.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain } from '../../tolerances.ts'
import { pseudoRandom } from '../../values.ts'

/** A layer and what it is fed. */
export interface LayerCase {
  readonly make: () => Module
  readonly x: Input
  readonly lengths?: Input
  /** Run as in training, with a random key. Default: false. */
  readonly training?: boolean
  /** Roundings on the longest path. */
  readonly roundings: number
  /** Keep the values of `init` (embeddings); otherwise every variable gets pseudo-random values, biases too. */
  readonly keepInitial?: boolean
  /** Run on the backend's composites too. */
  readonly composite?: boolean
}

/** What a layer gives on one backend. */
interface Outcome {
  readonly output: HostTensor
  readonly gradients: ReadonlyMap<string, HostTensor>
}

/** A case (two with `composite`) for a layer. */
export function layerCases(id: string, title: string, layer: LayerCase): ConformanceCase[] {
  const against = async (backend: Backend, note: (ratio: number) => void): Promise<void> => {
    const expected = await outcomeOn(referenceBackend(), layer)
    const got = await outcomeOn(backend, layer)
    const compareOne = (name: string, one: HostTensor, due: HostTensor): void =>
      note(compare(name, one.values, due, relativeToLargest(due, chain(layer.roundings))))
    compareOne('output', got.output, expected.output)
    check(got.gradients.size === expected.gradients.size, 'the layer has other parameters on the reference')
    for (const [path, gradient] of got.gradients)
      compareOne(`gradient of ${path}`, gradient, expected.gradients.get(path)!)
  }
  const cases = [
    caseOf(id, title, async ({ backend, note, another }) => {
      await against(backend, note)
      await checkPredictAndMove(backend, await another(), layer)
    }),
  ]
  if (layer.composite) {
    cases.push(
      caseOf(`${id}-composite`, `${title}, as a composite`, ({ backend, note }) =>
        against(compositesOf(backend), note),
      ),
    )
  }
  return cases
}

async function prepared(backend: Backend, layer: LayerCase): Promise<Module> {
  const model = layer.make()
  await model.init(backend, { seed: 7 })
  if (layer.keepInitial) return model
  model
    .variables()
    .forEach(({ variable }, i) => variable.assign(Float32Array.from(pseudoRandom(variable.size, 800 + i, 1))))
  return model
}

function forward(model: Module, backend: Backend, layer: LayerCase): Tensor {
  const { x, lengths, training = false } = layer
  const context: ForwardContext = {
    training,
    key: training ? key(11) : undefined,
    lengths: lengths && upload(backend, lengths),
  }
  return model.forward(upload(backend, x), context)
}

async function outcomeOn(backend: Backend, layer: LayerCase): Promise<Outcome> {
  const model = await prepared(backend, layer)
  const { output, gradients } = scope(backend, () => {
    const trainable = model.parameters().filter(({ variable }) => variable.trainable)
    const output = forward(model, backend, layer)
    if (trainable.length === 0) return { output, gradients: {} as Readonly<Record<string, Tensor>> }
    const parameters = Object.fromEntries(trainable.map(({ path, variable }) => [path, variable.value]))
    // The model's own tensors are the parameters.
    const loss = (_parameters: Readonly<Record<string, Tensor>>): Tensor =>
      weightedSum(forward(model, backend, layer), backend)
    return { output, gradients: valueAndGrad(loss)(parameters).gradients }
  })
  const read = async (tensor: Tensor): Promise<HostTensor> => {
    const host = hostTensor(tensor.shape, await tensor.data())
    tensor.dispose()
    return host
  }
  const found = new Map<string, HostTensor>()
  for (const [path, gradient] of Object.entries(gradients)) found.set(path, await read(gradient))
  const host = await read(output)
  model.dispose()
  return { output: host, gradients: found }
}

/** `predict` frees all that it allocates; a model that has moved gives the same bits. */
async function checkPredictAndMove(backend: Backend, other: Backend, layer: LayerCase): Promise<void> {
  const model = await prepared(backend, layer)
  const { x, lengths } = layer
  const data = x.dtype === 'float32' ? Float32Array.from(x.values) : Int32Array.from(x.values)
  const batch = {
    inputs: { data, shape: x.shape },
    ...(lengths && { lengths: { data: Int32Array.from(lengths.values), shape: lengths.shape } }),
  }
  await backend.sync()
  const before = backend.stats().liveBuffers
  const here = await model.predict(batch)
  await backend.sync()
  check(backend.stats().liveBuffers === before, `predict left ${backend.stats().liveBuffers - before} buffers`)
  await model.to(other)
  const there = await model.predict(batch)
  compareBits('the output after model.to', there.data, here.data)
  model.dispose()
}
