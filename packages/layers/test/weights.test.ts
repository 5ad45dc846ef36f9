// Saved weights and models, whole and damaged.

import { cpu } from '@rnn/backend-cpu'
import { hasCode } from '@rnn/core'
import {
  dense,
  embedding,
  fromJSON,
  gru,
  loadModel,
  loadWeights,
  lstm,
  readSafetensors,
  saveModel,
  saveWeights,
  sequential,
  writeSafetensors,
  type HostArray,
  type Module,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { ids } from './support/host.ts'

async function classifier(units = 3): Promise<Module> {
  const model = sequential(
    embedding({ vocabularySize: 5, units: 2 }),
    gru({ units, returns: 'last' }),
    dense({ units: 2 }),
  )
  return model.init(await cpu(), { seed: 1 })
}

const file = (header: string, data = new Uint8Array(0)): Uint8Array => {
  const json = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + json.length)
  return bytes
}

describe('safetensors', () => {
  test('has the layout that the format describes', () => {
    const bytes = writeSafetensors(
      new Map<string, HostArray>([
        ['b', { data: Float32Array.of(1, -2), shape: [2, 1] }],
        ['a', ids([], 7)],
      ]),
    )
    const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect((8 + headerLength) % 8).toBe(0)
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)))).toEqual({
      b: { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
      a: { dtype: 'I32', shape: [], data_offsets: [8, 12] },
    })
    expect([...bytes.subarray(8 + headerLength)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7, 0, 0, 0])
  })

  test('is read from a view at any offset, with its metadata', () => {
    const tensors = new Map<string, HostArray>([
      ['x', { data: Float32Array.of(1, 2, 3), shape: [3] }],
      ['empty', { data: new Int32Array(0), shape: [0, 4] }],
    ])
    const bytes = writeSafetensors(tensors, { format: 'rnn' })
    for (const offset of [0, 1, 2, 3]) {
      const shifted = new Uint8Array(bytes.length + 8)
      shifted.set(bytes, offset)
      const read = readSafetensors(shifted.subarray(offset, offset + bytes.length))
      expect(read.tensors).toEqual(tensors)
      expect(read.metadata).toEqual({ format: 'rnn' })
    }
  })

  test.each<[title: string, bytes: Uint8Array, message: RegExp]>([
    ['nothing', new Uint8Array(0), /cut short: expected 8 bytes, got 0/],
    [
      'something else',
      new TextEncoder().encode('<!doctype html><html></html>'),
      /its header would be \d+ bytes long; is this a safetensors file/,
    ],
    ['a header cut short', file('{"a": 1}').subarray(0, 12), /cut short: expected 16 bytes, got 12/],
    ['a header that is no JSON', file('{"a"'), /its header is no JSON/],
    ['a header that is no object', file('[]'), /its header is no object/],
    ['an entry that is no object', file('{"a":1}'), /'a' is described by no object/],
    [
      'another dtype',
      file('{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', new Uint8Array(2)),
      /'a' has dtype "BF16"; convert it to F32/,
    ],
    [
      'a negative size',
      file('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', new Uint8Array(4)),
      /'a' has shape \[-1\]/,
    ],
    [
      'offsets of another size',
      file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', new Uint8Array(4)),
      /'a' of shape \[2\] has offsets \[0, 4\], which are not 8 bytes/,
    ],
    [
      'a hole',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', new Uint8Array(8)),
      /'a' begins at byte 4, expected 0/,
    ],
    [
      'data cut short',
      file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', new Uint8Array(7)),
      /cut short: expected \d+ bytes, got \d+/,
    ],
    ['more than data', file('{}', new Uint8Array(3)), /3 bytes follow its end/],
  ])('%s is an E_FORMAT', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message)
    expect(() => readSafetensors(bytes)).toThrow(expect.objectContaining({ code: 'E_FORMAT' }))
  })
})

describe('weights', () => {
  test('of another model are refused with every difference, and change nothing', async () => {
    const model = await classifier()
    const before = await saveWeights(model)
    const refused = loadWeights(model, await saveWeights(await classifier(4)))
    await expect(refused).rejects.toSatisfy((error) => hasCode(error, 'E_CHECKPOINT'))
    await expect(refused).rejects.toThrow('1.kernel [2, 12] instead of [2, 9]')
    const other = sequential(embedding({ vocabularySize: 5, units: 2 }), lstm({ units: 3 }))
    await other.init(await cpu(), { seed: 2 })
    await expect(loadWeights(model, await saveWeights(other))).rejects.toThrow(
      'missing 1.recurrentBias, 2.kernel, 2.bias; different 1.kernel [2, 12] instead of [2, 9], 1.recurrent [3, 12] instead of [3, 9], 1.bias [12] instead of [9]',
    )
    await expect(loadWeights(other, before)).rejects.toThrow('unexpected 1.recurrentBias, 2.kernel, 2.bias')
    expect(await saveWeights(model)).toEqual(before)
  })

  test('cut short anywhere are refused, and change nothing', async () => {
    const model = await classifier()
    const bytes = await saveWeights(model)
    for (const length of [0, 7, 20, bytes.length - 1]) {
      await expect(loadWeights(model, bytes.subarray(0, length))).rejects.toSatisfy((error) =>
        hasCode(error, 'E_FORMAT'),
      )
    }
    expect(await saveWeights(model)).toEqual(bytes)
  })

  test('of a newer format are refused', async () => {
    const bytes = writeSafetensors(new Map(), { format: 'rnn', formatVersion: '2' })
    await expect(loadWeights(await classifier(), bytes)).rejects.toThrow(
      /format version 2, this @rnn reads up to 1; update/,
    )
  })

  test('do not exist before init', async () => {
    await expect(saveWeights(dense({ units: 1, inputSize: 1 }))).rejects.toSatisfy((error) =>
      hasCode(error, 'E_NOT_BUILT'),
    )
  })
})

describe('saved models', () => {
  test('come back from their two files', async () => {
    const model = await classifier()
    const files = await saveModel(model)
    expect(Object.keys(files)).toEqual(['config.json', 'weights.safetensors'])
    const backend = await cpu()
    const loaded = await loadModel(files, backend)
    expect(backend.stats().liveBuffers).toBe(model.parameters().length)
    expect(await loaded.predict(ids([1, 3], 1, 2, 3))).toEqual(await model.predict(ids([1, 3], 1, 2, 3)))
  })

  test('that are damaged are refused, and leave nothing behind', async () => {
    const files = await saveModel(await classifier())
    const backend = await cpu()
    const config = files['config.json']
    const refusal = async (changes: Partial<typeof files>): Promise<string> =>
      loadModel({ ...files, ...changes }, backend).then(
        () => 'loaded',
        (error: { code: string; message: string }) => `${error.code} ${error.message}`,
      )
    expect(await refusal({ 'config.json': config.slice(0, -9) })).toMatch(
      /^E_FORMAT loadModel: config.json is no JSON .*cut short/,
    )
    expect(await refusal({ 'config.json': '{}' })).toMatch(/^E_FORMAT .*not the configuration of an @rnn model/)
    expect(await refusal({ 'config.json': config.replace('"formatVersion": 1', '"formatVersion": 2') })).toMatch(
      /^E_FORMAT .*version 2/,
    )
    expect(await refusal({ 'config.json': config.replace('"gru"', '"gruu"') })).toMatch(
      /^E_CONFIGURATION fromJSON: unknown type 'gruu'/,
    )
    expect(await refusal({ 'config.json': config.replace('"units": 3', '"units": 4') })).toMatch(/^E_CHECKPOINT /)
    expect(await refusal({ 'weights.safetensors': files['weights.safetensors'].slice(0, 99) })).toMatch(
      /^E_FORMAT safetensors: the file is cut short/,
    )
    expect(backend.stats().liveBuffers).toBe(0)
  })

  test.each<[config: unknown, message: RegExp]>([
    [undefined, /fromJSON: undefined is no configuration; give an object with a type/],
    [{ units: 3 }, /{"units":3} is no configuration/],
    [{ type: 'dense' }, /dense: option 'units' is missing/],
    [{ type: 'dense', units: '3' }, /dense: units is "3", expected a number/],
    [
      { type: 'dense', units: 3, unit: 3 },
      /dense: unknown option 'unit'; known are units, activation, useBias, inputSize/,
    ],
    [{ type: 'dense', units: 3, activation: 'swish' }, /activation 'swish'; known are linear, tanh/],
    [{ type: 'maxOverTime', axis: 1 }, /maxOverTime: unknown option 'axis'; known are none/],
    [{ type: 'sequential', layers: { type: 'dense' } }, /sequential: layers is no array/],
    [
      { type: 'bidirectional', layer: { type: 'dense', units: 3 } },
      /layer is of type 'dense', expected a recurrent one/,
    ],
    [
      { type: 'bidirectional', layer: { type: 'gru', units: 3 }, merge: 'max' },
      /merge is 'max'; use 'concat' or 'sum'/,
    ],
    [{ type: 'constructor' }, /unknown type 'constructor'/],
  ])('the configuration %j is refused', (config, message) => {
    expect(() => fromJSON(config)).toThrow(message)
  })
})
