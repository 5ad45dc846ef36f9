// The recurrent cells that PyTorch has no module for, against the same equations written in PyTorch: outputs and gradients.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { add, fusedCounts, mul, readTensors, scope, sum, tensor, type Backend, type Tensor } from '@rnn/core'
import { gru, indRnn, jordan, lstm, type Recurrent, type RecurrentState } from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { expectClose } from './support/close.ts'
import { sharedVectors } from './support/host.ts'

interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

type Named = Readonly<Record<string, Numbers>>

interface CellCase {
  readonly name: string
  readonly params: Named
  readonly inputs: Named
  readonly outputs: Named
  readonly loss_weights: Named
  readonly grads: Named
}

/** Makes the layer of a case. */
type MakeLayer = (sizes: { readonly inputSize: number; readonly units: number }, outputs: number) => Recurrent

const LAYERS: Readonly<Record<string, MakeLayer>> = {
  lstmPeepholes: (sizes) => lstm({ ...sizes, peepholes: true }),
  lstmCoupled: (sizes) => lstm({ ...sizes, coupledGates: true }),
  lstmHardSigmoid: (sizes) => lstm({ ...sizes, recurrentActivation: 'hardSigmoid' }),
  lstmLayerNorm: (sizes) => lstm({ ...sizes, layerNorm: true }),
  gruResetBefore: (sizes) => gru({ ...sizes, resetAfter: false }),
  indRnnRelu: (sizes) => indRnn(sizes),
  jordan: (sizes, outputs) => jordan({ ...sizes, outputs }),
}

/** Those that a backend may run as one op. */
const FUSED = ['lstmPeepholes', 'lstmCoupled', 'lstmHardSigmoid', 'gruResetBefore']

const kindOf = ({ name }: CellCase): string => name.slice(0, name.indexOf('/'))
const all = (sharedVectors('cells.json') ?? []) as CellCase[]
const cases = all.filter((each) => Object.hasOwn(LAYERS, kindOf(each)))

const upload = (backend: Backend, { data, shape }: Numbers): Tensor =>
  tensor(Float32Array.from(data), { backend, shape })

describe.skipIf(all.length === 0)('recurrent cells give what PyTorch gives', () => {
  test('all cases are here', () => expect(cases.length).toBe(2 * Object.keys(LAYERS).length))

  test.each(cases)('$name', async (cellCase) => {
    const { params, inputs, outputs, loss_weights: weights, grads } = cellCase
    const [inputSize = 0] = params['kernel']?.shape ?? []
    const units = (params['output'] ?? params['recurrent'])?.shape[0] ?? 0
    const make = LAYERS[kindOf(cellCase)]
    if (make === undefined) throw new Error('no layer')
    const backend = await cpu()
    const layer = await make({ inputSize, units }, params['outputBias']?.shape[0] ?? 0).init(backend, { seed: 1 })
    expect(layer.parameters().map(({ path }) => path)).toEqual(Object.keys(params))
    for (const { path, variable } of layer.parameters()) {
      expect(variable.spec.shape, path).toEqual(params[path]?.shape)
      variable.assign(Float32Array.from(params[path]?.data ?? []))
    }
    const live = backend.stats().liveBuffers

    const names: string[] = []
    let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
    scope(backend, () => {
      const given = Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, upload(backend, each)]))
      const parameters = Object.fromEntries(layer.parameters().map(({ path, variable }) => [path, variable.value]))
      const { gradients, aux } = valueAndGrad(({ x, state0, state1 }: Record<string, Tensor>) => {
        if (x === undefined) throw new Error('the case has no input')
        const initial = [[state0, state1].filter((each) => each !== undefined)] as unknown as RecurrentState
        const { sequence, final } = layer.run(x, { initial })
        const states = final[0].map((state, i) => [`final${i}`, state] as const)
        const results: Record<string, Tensor> = { sequence, ...Object.fromEntries(states) }
        const terms = Object.entries(results).map(([name, each]) =>
          sum(mul(each, upload(backend, weights[name] ?? { data: [], shape: [0] }))),
        )
        return { value: terms.reduce((total, term) => add(total, term)), aux: results }
      })({ ...given, ...parameters })
      names.push(...Object.keys(aux), ...Object.keys(gradients).map((name) => `gradient of ${name}`))
      reading = readTensors([...Object.values(aux), ...Object.values(gradients)])
    })
    const arrays = await reading
    const expected = new Map<string, { readonly data: readonly number[]; readonly scale: number | undefined }>([
      ...Object.entries(outputs).map(([name, { data }]) => [name, { data, scale: undefined }] as const),
      ...Object.entries(grads).map(
        ([name, { data }]) => [`gradient of ${name}`, { data, scale: Math.max(...data.map(Math.abs)) }] as const,
      ),
    ])
    expect(names.toSorted()).toEqual([...expected.keys()].toSorted())
    names.forEach((name, i) => {
      const due = expected.get(name)
      expectClose(name, arrays[i] ?? [], due?.data ?? [], due?.scale)
    })
    expect(backend.stats().liveBuffers).toBe(live)
    const once = FUSED.includes(kindOf(cellCase)) ? { fused: 1, composite: 0 } : undefined
    expect(fusedCounts(backend).recurrentVariantForward).toEqual(once)
    expect(fusedCounts(backend).recurrentVariantBackward).toEqual(once)
  })
})
