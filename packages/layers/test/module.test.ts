// Models of one's own: finding their parts, sizes, lifetimes, predictions.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { add, constant, detach, hasCode, mul, scope, sum, tensor, type ErrorCode, type Tensor } from '@rnn/core'
import {
  bidirectional,
  child,
  dense,
  dropout,
  embedding,
  fromJSON,
  gru,
  lstm,
  maxOverTime,
  Module,
  readSafetensors,
  saveWeights,
  sequential,
  upload,
  Variable,
  type ForwardContext,
  type ModuleConfig,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'

const code =
  (expected: ErrorCode) =>
  (error: unknown): boolean =>
    hasCode(error, expected)

class Tagger extends Module {
  readonly words = embedding({ vocabularySize: 7, units: 4 })
  readonly encoder = bidirectional(lstm({ units: 3, inputSize: 4 }))
  readonly tags = dense({ units: 5, inputSize: 6 })

  override forward(x: Tensor, context: ForwardContext): Tensor {
    const encoded = this.encoder.forward(this.words.forward(x), child(context, 'encoder'))
    return this.tags.forward(encoded)
  }
}

interface Pair {
  readonly source: Tensor
  readonly target: Tensor
}

class Matcher extends Module<Pair, { readonly scores: Tensor; readonly both: readonly Tensor[] }> {
  readonly shared = gru({ units: 2, inputSize: 3, returns: 'last' })
  readonly again = this.shared
  readonly heads = [dense({ units: 1, inputSize: 2 }), dense({ units: 1, inputSize: 2 })]
  readonly extra = { scale: new Variable('scale', { shape: [1], initializer: constant(2) }) }
  readonly steps = new Variable('steps', { shape: [1], initializer: constant(0) }, { kind: 'state' })

  override forward({ source, target }: Pair, context: ForwardContext): ReturnType<typeof this.result> {
    const encoded = [source, target].map((each) => this.shared.forward(each, context))
    return this.result(encoded.map((each, i) => this.heads[i]?.forward(each) ?? each))
  }

  result(scores: readonly Tensor[]): { readonly scores: Tensor; readonly both: readonly Tensor[] } {
    const [first, second] = scores
    if (first === undefined || second === undefined) throw new Error('there are two heads')
    return { scores: mul(add(first, second), this.extra.scale.value), both: scores }
  }
}

/** Goes on from batch to batch where it stopped. */
class Streaming extends Module {
  readonly encoder = gru({ units: 2, inputSize: 3 })
  readonly hidden = new Variable('hidden', { shape: [1, 2], initializer: constant(0) }, { kind: 'state' })

  override forward(x: Tensor): Tensor {
    const { sequence, final } = this.encoder.run(x, { initial: [[this.hidden.value]] })
    this.hidden.assign(detach(final[0][0]))
    return sequence
  }
}

/** Gives the same vector whatever comes in. */
class Learned extends Module {
  readonly vector = new Variable('vector', { shape: [1, 3], initializer: constant(1) })

  override forward(_x: Tensor): Tensor {
    return this.vector.value
  }
}

describe('a model with a forward of its own', () => {
  test('may keep its state from one forward pass to the next, under a tape as well', async () => {
    const backend = await cpu()
    const model = await new Streaming().init(backend, { seed: 1 })
    const x = waves(1, 4, 3)
    const whole = await model.predict(x)
    model.hidden.assign(new Float32Array(2))
    const half = (from: number) => ({ data: x.data.slice(from * 3, (from + 2) * 3), shape: [1, 2, 3] })
    const [first, second] = [await model.predict(half(0)), await model.predict(half(2))]
    expect([...first.data, ...second.data]).toEqual([...whole.data])

    using stream = model.stepper({ shape: [1, 1, 3] })
    model.hidden.assign(new Float32Array(2))
    const steps = [0, 1, 2, 3].map((t) => [...stream.step(x.data.slice(t * 3, (t + 1) * 3))])
    expect(steps.flat()).toEqual([...whole.data])

    const before = backend.stats().liveBuffers
    scope(backend, () => {
      const input = tensor(x.data, { backend, shape: x.shape })
      const parameters = model.parameters().map(({ variable }) => variable.value)
      valueAndGrad<readonly Tensor[]>(() => sum(model.forward(input)))(parameters)
    })
    expect(backend.stats().liveBuffers).toBe(before)
    expect(model.hidden.value.dataSync()).not.toEqual(second.data.slice(2))
  })

  test('may give a value of its own within a sequential, which leaves it alone', async () => {
    const model = await sequential(new Learned(), dense({ units: 2, inputSize: 3 })).init(await cpu(), { seed: 1 })
    const first = await model.predict(waves(1, 1))
    expect(await model.predict(waves(1, 1))).toEqual(first)
  })

  test('finds variables and children in its fields, in arrays and in records, each once', async () => {
    const model = await new Matcher().init(await cpu(), { seed: 1 })
    expect(model.parameters().map(({ path }) => path)).toEqual([
      'extra.scale',
      'shared.kernel',
      'shared.recurrent',
      'shared.bias',
      'shared.recurrentBias',
      'heads.0.kernel',
      'heads.0.bias',
      'heads.1.kernel',
      'heads.1.bias',
    ])
    expect(model.states().map(({ path, variable }) => [path, variable.trainable])).toEqual([['steps', false]])
    expect(model.parameterCount).toBe(1 + 18 + 12 + 6 + 6 + 3 + 3)
    expect(model.summary()).toMatch(/again gru +2 +shared/)
    expect([...readSafetensors(await saveWeights(model)).tensors.keys()]).toContain('steps')
  })

  test('predicts from and to the structure of its types', async () => {
    const backend = await cpu()
    const model = await new Matcher().init(backend, { seed: 1 })
    const live = backend.stats().liveBuffers
    const source = waves(2, 4, 3)
    const target = tensor(waves(2, 5, 3).data, { backend, shape: [2, 5, 3] })
    const { scores, both } = await model.predict({ source, target })
    expect(scores.shape).toEqual([2, 1])
    expect(both.map(({ shape }) => shape)).toEqual([
      [2, 1],
      [2, 1],
    ])
    expect(scores.data[0]).toBeCloseTo(2 * ((both[0]?.data[0] ?? 0) + (both[1]?.data[0] ?? 0)), 6)
    expect(target.disposed).toBe(false)
    target.dispose()
    const lengths = ids([2], 4, 4)
    expect((await model.predict({ inputs: { source, target: source }, lengths })).both.length).toBe(2)
    expect(backend.stats().liveBuffers).toBe(live)
  })

  test('predicts with an activation, lengths as an option, and integers as float32', async () => {
    const backend = await cpu()
    const identity = await sequential().init(backend, { seed: 1 })
    const logits = { data: Float32Array.of(0, Math.log(3)), shape: [1, 2] }
    const near = (values: Float32Array): number[] => [...values].map((value) => Math.round(value * 1e6) / 1e6)
    expect(near((await identity.predict(logits, { activation: 'softmax' })).data)).toEqual([0.25, 0.75])
    expect(near((await identity.predict(logits, { activation: 'sigmoid' })).data)).toEqual([0.5, 0.75])
    expect((await identity.predict(ids([2], 3, -4))).data).toEqual(Float32Array.of(3, -4))
    const unknown = JSON.parse('{ "activation": "tanh" }')
    await expect(identity.predict(logits, unknown)).rejects.toThrow("activation 'tanh'; use 'softmax' or 'sigmoid'")
    const pooled = await sequential(maxOverTime()).init(backend, { seed: 1 })
    const x = { data: Float32Array.of(1, 2, 3), shape: [1, 3, 1] }
    expect((await pooled.predict(x, { lengths: ids([1], 2) })).data).toEqual(Float32Array.of(2))
    expect((await pooled.predict({ inputs: x, lengths: ids([1], 1) })).data).toEqual(Float32Array.of(1))
    expect((await pooled.predict({ data: new Float32Array(0), shape: [0, 3, 1] })).shape).toEqual([0, 1])
    expect(backend.stats().liveBuffers).toBe(0)
  })

  test('prints a summary', async () => {
    const model = new Tagger()
    expect(`\n${model.summary()}`).toBe(`
layer                       output size  parameters  trainable
──────────────────────────────────────────────────────────────
words embedding                       4          28        yes
encoder bidirectional lstm            6         192        yes
tags dense                            5          35        yes
──────────────────────────────────────────────────────────────
255 parameters, 255 trainable
`)
    const mixed = sequential(
      embedding({ vocabularySize: 1000, units: 4, trainable: false }),
      dropout(0.5),
      gru({ units: 2 }),
    )
    expect(`\n${mixed.summary()}`).toBe(`
layer        output size  parameters  trainable
───────────────────────────────────────────────
0 embedding            4       4,000         no
1 dropout              4           0
2 gru                  2          48        yes
───────────────────────────────────────────────
4,048 parameters, 48 trainable, 4,000 frozen
`)
    expect(sequential(lstm({ units: 2 })).summary()).toContain('?')
  })

  test('says how to give it a JSON form, and takes it back through the table', async () => {
    expect(() => JSON.stringify(new Tagger())).toThrow(/Tagger: this module has no JSON form; override toJSON/)
    class Described extends Tagger {
      override toJSON(): ModuleConfig {
        return { type: 'tagger' }
      }
    }
    const config = JSON.parse(JSON.stringify(sequential(new Described(), maxOverTime())))
    expect(() => fromJSON(config)).toThrow(
      /unknown type 'tagger'; known are embedding, simpleRnn, lstm, gru, .*; give your own as the second argument/,
    )
    const model = fromJSON(config, { tagger: () => new Described() })
    await model.init(await cpu(), { seed: 1 })
    expect((await model.predict(ids([1, 2], 1, 2))).shape).toEqual([1, 5])
  })
})

describe('sizes', () => {
  test('every layer that lacks its input size is named', async () => {
    class Model extends Module {
      readonly encoder = lstm({ units: 3 })
      readonly head = sequential(dropout(0.5), dense({ units: 2 }))
      override forward(x: Tensor): Tensor {
        return x
      }
    }
    const refused = new Model().init(await cpu(), { seed: 1 })
    await expect(refused).rejects.toSatisfy(code('E_NOT_BUILT'))
    await expect(refused).rejects.toThrow(
      "init: the input size of 'encoder' (lstm), 'head.1' (dense) is not known; give inputSize",
    )
    await expect(dense({ units: 2 }).init(await cpu(), { seed: 1 })).rejects.toThrow(
      'the input size of dense is not known',
    )
  })

  test('sizes that contradict one another are an E_CONFIGURATION', async () => {
    const wrong = sequential(embedding({ vocabularySize: 3, units: 4 }), dense({ units: 2, inputSize: 5 }))
    const refused = wrong.init(await cpu(), { seed: 1 })
    await expect(refused).rejects.toSatisfy(code('E_CONFIGURATION'))
    await expect(refused).rejects.toThrow('dense: inputSize says 5 features, the layer before gives 4')
    const shared = dense({ units: 3 })
    const twice = sequential(embedding({ vocabularySize: 3, units: 4 }), shared, shared)
    await expect(twice.init(await cpu(), { seed: 1 })).rejects.toThrow('dense: it was built for 4 features')
  })

  test('an input of another size is an E_SHAPE with both sizes', async () => {
    const backend = await cpu()
    const model = await dense({ units: 2, inputSize: 3 }).init(backend, { seed: 1 })
    await expect(model.predict(waves(4, 5))).rejects.toThrow(
      'dense: the input has shape [4, 5], expected 3 features in the last dimension',
    )
    const recurrent = await gru({ units: 2, inputSize: 3 }).init(backend, { seed: 1 })
    await expect(recurrent.predict(waves(4, 3))).rejects.toThrow(
      "gru: the input has shape [4, 3], expected [batch, time, features]; a recurrent layer before this one must have returns: 'sequence'",
    )
    const live = backend.stats().liveBuffers
    await expect(recurrent.predict(waves(4, 2, 2))).rejects.toSatisfy(code('E_SHAPE'))
    expect(backend.stats().liveBuffers).toBe(live)
  })
})

describe('values', () => {
  test('do not exist before init, which the message says', async () => {
    const model = sequential(embedding({ vocabularySize: 3, units: 2 }), dense({ units: 2 }))
    await expect(model.predict(ids([1], 1))).rejects.toThrow(/call await model.init\(backend, { seed }\) first/)
    await expect(model.predict(ids([1], 1))).rejects.toSatisfy(code('E_NOT_BUILT'))
    await expect(model.to(await cpu())).rejects.toSatisfy(code('E_NOT_BUILT'))
    expect(() => model.layers[0]?.variables()[0]?.variable.value).toThrow(/kernel: this value does not exist yet/)
    await expect(model.init(await cpu(), { seed: 0.5 })).rejects.toThrow('init: seed 0.5; give a whole number')
  })

  test('start the same whatever layers come after', async () => {
    const make = (units: number): Promise<Module> =>
      sequential(embedding({ vocabularySize: 3, units: 2 }), gru({ units: 2 }), dense({ units })).init(cpuBackend, {
        seed: 9,
      })
    const cpuBackend = await cpu()
    const [small, large] = [await make(1), await make(8)]
    for (const index of [0, 1, 2, 3, 4]) {
      const [a, b] = [small, large].map((model) => model.parameters()[index]?.variable.value.dataSync())
      expect(a).toEqual(b)
    }
  })

  test('are written in place by assign, which checks sizes', async () => {
    const backend = await cpu()
    const model = await dense({ units: 2, inputSize: 1 }).init(backend, { seed: 1 })
    const [kernel] = model.parameters()
    const before = kernel?.variable.value
    kernel?.variable.assign(Float32Array.of(3, 4))
    expect(kernel?.variable.value).toBe(before)
    expect((await model.predict(waves(1, 1))).shape).toEqual([1, 2])
    expect(kernel?.variable.value.dataSync()).toEqual(Float32Array.of(3, 4))
    expect(() => kernel?.variable.assign(new Float32Array(3))).toThrow(
      "kernel: 3 values can't be assigned to a variable of shape [1, 2]",
    )
    scope(backend, () => {
      kernel?.variable.assign(tensor([[5, 6]], { backend }))
      expect(() => kernel?.variable.assign(tensor([5, 6], { backend }))).toThrow(/a tensor of shape \[2\]/)
    })
    expect(kernel?.variable.value.dataSync()).toEqual(Float32Array.of(5, 6))
    const other = tensor([[5, 6]], { backend: await cpu() })
    expect(() => kernel?.variable.assign(other)).toThrow(/two backends/)
  })

  test('outlive a scope that happens to be open, and are freed by dispose', async () => {
    const backend = await cpu()
    const model = dense({ units: 2, inputSize: 1 })
    const pending: Promise<unknown>[] = []
    scope(backend, () => void pending.push(model.init(backend, { seed: 1 })))
    await Promise.all(pending)
    expect((await model.predict(waves(1, 1))).shape).toEqual([1, 2])
    model.dispose()
    expect(backend.stats().liveBuffers).toBe(0)
    expect(() => model.kernel?.value).toThrow(/the model that owns this value was disposed/)
    await model.init(backend, { seed: 1 })
    expect(backend.stats().liveBuffers).toBe(2)
  })

  test('stay where they are when a move fails or meets a training step', async () => {
    const [here, there] = [await cpu(), await cpu()]
    const model = await dense({ units: 2, inputSize: 1 }).init(here, { seed: 1 })
    const moving = model.to(there)
    model.kernel?.assign(Float32Array.of(1, 2))
    await expect(moving).rejects.toSatisfy(code('E_BUSY'))
    expect(model.backend).toBe(here)
    expect(there.stats().liveBuffers).toBe(0)
    await there.dispose()
    await expect(model.to(there)).rejects.toSatisfy(code('E_BACKEND_DISPOSED'))
    expect(model.kernel?.value.dataSync()).toEqual(Float32Array.of(1, 2))
  })
})

describe('upload', () => {
  test('copies a batch and checks it', async () => {
    const backend = await cpu()
    scope(backend, () => {
      const batch = { inputs: { a: waves(2, 3) }, targets: ids([2], 0, 1), lengths: ids([2], 3, 3), size: 2 }
      const { inputs, targets, lengths } = upload(batch, backend)
      expect([inputs.a.dtype, targets.dtype, lengths?.dtype]).toEqual(['float32', 'int32', 'int32'])
      expect(inputs.a.shape).toEqual([2, 3])
    })
    expect(backend.stats().liveBuffers).toBe(0)
    const refused = (batch: Parameters<typeof upload>[0], message: RegExp): void =>
      scope(backend, () => expect(() => upload(batch, backend)).toThrow(message))
    refused({ inputs: waves(2, 3, 1), lengths: ids([2], 3, 4) }, /row 1 has length 4, expected 0 … 3/)
    const several = { ids: waves(2, 3, 1), nested: { target: waves(2, 5), features: waves(2) } }
    refused({ inputs: several, lengths: ids([2], 5, 6) }, /upload: row 1 has length 6, expected 0 … 5/)
    refused({ inputs: [waves(2, 3)], lengths: ids([2], 4, 3) }, /row 0 has length 4, expected 0 … 3/)
    scope(backend, () => expect(upload({ inputs: several, lengths: ids([2], 5, 0) }, backend).lengths).toBeDefined())
    refused({ inputs: waves(2, 3, 1), lengths: ids([3], 1, 1, 1) }, /lengths have shape \[3\], expected \[2\]/)
    refused({ inputs: { data: new Float32Array(5), shape: [2, 3] } }, /5 elements and shape \[2, 3\]/)
    refused({ inputs: new Float32Array(5) }, /an array without a shape; give { data, shape }/)
    const elsewhere = tensor([1], { backend: await cpu() })
    refused({ inputs: elsewhere }, /inputs lies on 'cpu', the model on 'cpu', another one of that name/)
    expect(backend.stats().liveBuffers).toBe(0)
  })
})
