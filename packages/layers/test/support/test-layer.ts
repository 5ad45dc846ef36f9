// What every layer must do, checked in one call.

import { isDeepStrictEqual } from 'node:util'
import { cpu } from '@rnn/backend-cpu'
import { key, readTensors, scope, type Backend, type Tensor } from '@rnn/core'
import {
  fromJSON,
  loadModel,
  loadWeights,
  saveModel,
  saveWeights,
  upload,
  type HostArray,
  type Module,
  type ModuleTypes,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'

/** A layer and what is expected of it. */
export interface LayerCase {
  /** Makes the layer alone; it must know its input size. */
  readonly make: () => Module
  readonly input: HostArray
  readonly outputShape: readonly number[]
  /** Shapes by path, in the order of `parameters()`. */
  readonly parameters: Readonly<Record<string, readonly number[]>>
  /** For layers over time: row lengths; what lies past a row's end must not change what the layer gives. */
  readonly lengths?: readonly number[]
  /** Whether training differs from inference. Default: false. */
  readonly random?: boolean
  /** Types that its configuration needs. */
  readonly types?: ModuleTypes
}

/** Checks output, names and counts, configuration and weights round trips, seeds, moves, leaks, lengths and training of a layer. */
export function testLayer(title: string, layerCase: LayerCase): void {
  const { make, input, outputShape, parameters, lengths, random = false, types } = layerCase
  const rowLengths = lengths && { data: Int32Array.from(lengths), shape: [lengths.length] }
  const predict = async (layer: Module, x: HostArray = input): Promise<HostArray<Float32Array>> =>
    layer.predict({ inputs: x, lengths: rowLengths })
  const initialized = async (backend?: Backend, seed = 1): Promise<Module> =>
    make().init(backend ?? (await cpu()), { seed })

  const testPadding = (rows: readonly number[]): void =>
    test("takes no notice of what lies past a row's end", async () => {
      const layer = await initialized()
      const expected = await predict(layer)
      expect(await predict(layer, withOtherPadding(input, rows))).toEqual(expected)
    })

  describe(`${title}`, () => {
    test('gives finite float32 values of the expected shape', async () => {
      const { data, shape } = await predict(await initialized())
      expect(shape).toEqual(outputShape)
      expect(data).toBeInstanceOf(Float32Array)
      expect(data.length).toBe(outputShape.reduce((a, b) => a * b, 1))
      expect(data.every(Number.isFinite)).toBe(true)
    })

    test('names and counts its parameters', async () => {
      const layer = await initialized()
      const shapes = layer.parameters().map(({ path, variable }) => [path, variable.value.shape])
      expect(shapes).toEqual(Object.entries(parameters))
      const count = Object.values(parameters).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
      expect(layer.parameterCount).toBe(count)
      expect(layer.summary()).toContain(`\n${count.toLocaleString('en')} parameter`)
      expect(layer.outputSize === undefined || layer.outputSize === outputShape.at(-1)).toBe(true)
    })

    test('starts alike from one seed', async () => {
      const [first, again] = [await initialized(), await initialized()]
      expect(await saveWeights(again)).toEqual(await saveWeights(first))
    })

    test('survives the round trip through its configuration and weights', async () => {
      const layer = await initialized()
      const expected = await predict(layer)
      const copy = fromJSON(JSON.parse(JSON.stringify(layer)), types)
      expect(copy.toJSON()).toEqual(layer.toJSON())
      await copy.init(await cpu(), { seed: 2 })
      await loadWeights(copy, await saveWeights(layer))
      expect(await predict(copy)).toEqual(expected)
      const loaded = await loadModel(await saveModel(layer), await cpu(), types)
      expect(await predict(loaded)).toEqual(expected)
    })

    test('moves to another backend with the same output', async () => {
      const [from, to] = [await cpu(), await cpu()]
      const layer = await initialized(from)
      const expected = await predict(layer)
      await layer.to(to)
      expect(layer.backend).toBe(to)
      expect(from.stats().liveBuffers).toBe(0)
      expect(await predict(layer)).toEqual(expected)
    })

    test('leaves no tensors behind', async () => {
      const backend = await cpu()
      const layer = await initialized(backend)
      const count = Object.keys(parameters).length
      expect(backend.stats().liveBuffers).toBe(count)
      await predict(layer)
      await saveWeights(layer)
      await loadWeights(layer, await saveWeights(layer))
      await layer.init(backend, { seed: 3 })
      expect(backend.stats().liveBuffers).toBe(count)
      layer.dispose()
      expect(backend.stats().liveBuffers).toBe(0)
    })

    test('draws random numbers from the key, and only while training', async () => {
      const backend = await cpu()
      const layer = await initialized(backend)
      const train = async (seed: number): Promise<Float32Array | Int32Array | undefined> => {
        let reading: Promise<(Float32Array | Int32Array)[]> = Promise.resolve([])
        scope(backend, () => {
          const { inputs, lengths: uploaded } = upload({ inputs: input, lengths: rowLengths }, backend)
          const output: Tensor = layer.forward(inputs, { training: true, key: key(seed), lengths: uploaded })
          reading = readTensors([output])
        })
        return (await reading)[0]
      }
      const { data: predicted } = await predict(layer)
      const [first, again, other] = [await train(1), await train(1), await train(2)]
      expect(again).toEqual(first)
      expect(isDeepStrictEqual(other, first)).toBe(!random)
      expect(isDeepStrictEqual(predicted, first)).toBe(!random)
      expect((await predict(layer)).data).toEqual(predicted)
    })

    if (lengths !== undefined) testPadding(lengths)
  })
}

/** The same rows with other values past their ends. */
function withOtherPadding(input: HostArray, lengths: readonly number[]): HostArray {
  const [, time = 0] = input.shape
  const width = input.shape.slice(2).reduce((a, b) => a * b, 1)
  const data = input.data.slice()
  lengths.forEach((length, row) => {
    const from = (row * time + length) * width
    for (let i = from; i < (row + 1) * time * width; i++) data[i] = (data[i] ?? 0) + 1
  })
  return { data, shape: input.shape }
}
