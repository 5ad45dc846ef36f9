// How weights start, what is added to the loss for them, and what they must satisfy.

import { cpu } from '@rnn/backend-cpu'
import {
  blocks,
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  identityInitializer,
  lecunNormal,
  lecunUniform,
  normalInitializer,
  orthogonal,
  scaledOrthogonal,
  scope,
  tensor,
  truncatedNormal,
  uniformInitializer,
  varianceScaling,
  zeroInitializer,
  type Initializer,
  type Tensor,
} from '@rnn/core'
import {
  activityRegularization,
  bidirectional,
  convLstm2d,
  dense,
  embedding,
  fromJSON,
  gru,
  indRnn,
  jordan,
  l1,
  l1l2,
  l2,
  lstm,
  maxNorm,
  maxValue,
  minGru,
  minMaxNorm,
  nonNegative,
  sequential,
  unitNorm,
  type Constraint,
  type Dense,
  type Module,
  type Recurrent,
  type RecurrentOptions,
  type Regularizer,
  type Variable,
} from '@rnn/layers'
import { describe, expect, test } from 'vitest'

const again = (layer: Module): Module => fromJSON(JSON.parse(JSON.stringify(layer)))

const INITIALIZERS: readonly Initializer[] = [
  zeroInitializer,
  constant(0.5),
  uniformInitializer(-0.1, 0.3),
  normalInitializer(0.2),
  truncatedNormal(0.2),
  identityInitializer(0.5),
  orthogonal,
  scaledOrthogonal(2),
  varianceScaling({ scale: 3, fan: 'out', distribution: 'uniform' }),
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  blocks(orthogonal, constant(1), heNormal),
]

test.each(INITIALIZERS.map((each) => [each.name, each] as const))(
  'a dense kernel starts as %s says, also after the round trip through JSON',
  async (_, kernelInitializer) => {
    const layer = dense({ units: 6, inputSize: 4, kernelInitializer, biasInitializer: constant(0.25) })
    const copy = again(layer) as Dense
    expect(copy.toJSON()).toEqual(layer.toJSON())
    for (const each of [layer, copy]) await each.init(await cpu(), { seed: 3 })
    const [values, copied] = [layer, copy].map((each) => each.kernel?.value.dataSync())
    expect(copied).toEqual(values)
    expect(copy.bias?.value.dataSync()).toEqual(new Float32Array(6).fill(0.25))
    const plain = await dense({ units: 6, inputSize: 4 }).init(await cpu(), { seed: 3 })
    expect(isEqual(plain.kernel?.value.dataSync(), values)).toBe(kernelInitializer === glorotUniform)
  },
)

function isEqual(a: ArrayLike<number> | undefined, b: ArrayLike<number> | undefined): boolean {
  return JSON.stringify(Array.from(a ?? [])) === JSON.stringify(Array.from(b ?? []))
}

test('an initializer of one’s own starts the kernel, and has no JSON form', async () => {
  const own: Initializer = {
    name: 'own',
    values: (_, [rows = 0, columns = 0]) => new Float32Array(rows * columns).fill(7),
  }
  const layer = await dense({ units: 1, inputSize: 2, kernelInitializer: own }).init(await cpu(), { seed: 1 })
  expect(layer.kernel?.value.dataSync()).toEqual(Float32Array.of(7, 7))
  expect(layer.toJSON()).toEqual({ type: 'dense', units: 1, inputSize: 2 })
})

const REGULARIZERS: readonly (readonly [Regularizer, number])[] = [
  [l1(0.5), 0.5 * 6],
  [l2(0.5), 0.5 * 14],
  [l1l2({ l1: 0.25, l2: 0.5 }), 0.25 * 6 + 0.5 * 14],
]

describe.each(REGULARIZERS.map(([each, due]) => [each.name, each, due] as const))('%s', (_, regularizer, due) => {
  test('is its formula', async () => {
    const backend = await cpu()
    scope(backend, () => {
      expect(
        regularizer
          .penalty(
            tensor(
              [
                [1, -2],
                [0, 3],
              ],
              { backend },
            ),
          )
          .dataSync(),
      ).toEqual(Float32Array.of(due))
    })
    expect(backend.stats().liveBuffers).toBe(0)
  })

  test('is declared by layers, and survives the round trip through JSON', async () => {
    const options = { kernelRegularizer: regularizer, biasRegularizer: regularizer, activityRegularizer: regularizer }
    const layer = again(dense({ units: 2, inputSize: 2, ...options })) as Dense
    layer.build(undefined)
    expect(layer.kernel?.regularizer?.configuration).toEqual(regularizer.configuration)
    expect(layer.bias?.regularizer?.configuration).toEqual(regularizer.configuration)
    expect(layer.options.activityRegularizer?.configuration).toEqual(regularizer.configuration)
    const vectors = again(embedding({ vocabularySize: 3, units: 2, regularizer, initializer: heNormal }))
    expect(vectors.variables()[0]?.variable.regularizer?.configuration).toEqual(regularizer.configuration)
    expect(again(activityRegularization(regularizer)).toJSON()).toEqual({
      type: 'activityRegularization',
      regularizer: regularizer.configuration,
    })
  })
})

test('the penalty on what a layer gives is divided by the rows, without the steps that don’t count', async () => {
  const backend = await cpu()
  const layer = activityRegularization(l1(0.5))
  scope(backend, () => {
    const x = tensor([1, -2, 3, 9, 5, 9, 9, 9], { backend, shape: [2, 2, 2] })
    const lengths = tensor(Int32Array.of(2, 0), { backend })
    const noted: number[] = []
    const notes = { penalty: (term: Tensor) => void noted.push(...term.dataSync()), counted: () => {} }
    const context = { training: true, key: undefined, lengths, notes }
    expect(layer.forward(x, context)).toBe(x)
    layer.forward(x, { ...context, lengths: undefined })
    layer.forward(x, { ...context, training: false })
    expect(noted).toEqual([(0.5 * 15) / 2, (0.5 * 47) / 2])
  })
  expect(backend.stats().liveBuffers).toBe(0)
})

const X = [
  [3, 0.3, 0, -6],
  [4, 0.4, 0, 8],
]
const CONSTRAINTS: readonly (readonly [string, Constraint, readonly number[]])[] = [
  ['maxNorm', maxNorm(1), [0.6, 0.3, 0, -0.6, 0.8, 0.4, 0, 0.8]],
  ['maxNorm of rows', maxNorm(5, { axis: 1 }), [...row(X[0], 5), ...row(X[1], 5)]],
  ['maxNorm of everything', maxNorm(1, { axis: [0, 1] }), scaledTo(1)],
  ['minMaxNorm', minMaxNorm({ min: 1, max: 5 }), [3, 0.6, 0, -3, 4, 0.8, 0, 4]],
  ['unitNorm', unitNorm(), [0.6, 0.6, 0, -0.6, 0.8, 0.8, 0, 0.8]],
  ['maxValue', maxValue(2), [2, 0.3, 0, -2, 2, 0.4, 0, 2]],
  ['nonNegative', nonNegative(), [3, 0.3, 0, 0, 4, 0.4, 0, 8]],
]

function row(values: readonly number[] = [], limit: number): number[] {
  const norm = Math.hypot(...values)
  return values.map((value) => (value * Math.min(norm, limit)) / norm)
}

function scaledTo(limit: number): number[] {
  return row(X.flat(), limit)
}

describe.each(CONSTRAINTS)('%s', (_, constraint, expected) => {
  test('puts values where they are allowed, leaves allowed ones, and keeps zeros finite', async () => {
    const backend = await cpu()
    scope(backend, () => {
      const values = constraint.project(tensor(X, { backend })).dataSync()
      // Three roundings in the norm, three in the factor.
      expected.forEach((value, i) => expect(Math.abs((values[i] ?? NaN) - value)).toBeLessThanOrEqual(8 * 2 ** -23))
      const twice = constraint.project(tensor(values, { backend, shape: [2, 4] })).dataSync()
      values.forEach((value, i) => expect(Math.abs((twice[i] ?? NaN) - value)).toBeLessThanOrEqual(8 * 2 ** -23))
    })
    expect(backend.stats().liveBuffers).toBe(0)
  })

  test('is declared by layers, and survives the round trip through JSON', () => {
    const layer = again(dense({ units: 2, inputSize: 2, kernelConstraint: constraint })) as Dense
    layer.build(undefined)
    expect(layer.kernel?.constraint?.configuration).toEqual(constraint.configuration)
    const vectors = again(embedding({ vocabularySize: 3, units: 2, constraint }))
    expect(vectors.variables()[0]?.variable.constraint?.configuration).toEqual(constraint.configuration)
  })
})

test('values that no weight could have, and options that are none, are refused', () => {
  expect(() => maxNorm(0)).toThrow('maxNorm: the limit is 0, which leaves no value but 0; use a number above 0')
  expect(() => maxNorm(-1)).toThrow(/the limit is -1/)
  expect(() => maxNorm(NaN)).toThrow(/the limit is NaN; use a number above 0/)
  expect(() => minMaxNorm({ min: 3, max: 2 })).toThrow(
    /no vector has a norm of at least 3 and at most 2; use 0 ≤ min ≤ max/,
  )
  expect(() => unitNorm({ axis: [0, 0] })).toThrow(/axis is \[0,0\]/)
  expect(() => unitNorm({ axis: [] })).toThrow(/axis is \[\]/)
  expect(() => dense({ units: 2, inputSize: 2, biasConstraint: unitNorm({ axis: 1 }) }).build(undefined)).toThrow(
    'unitNorm: a weight of shape [2] has no axis 1; use an axis of the weight',
  )
  expect(() => l2(-1)).toThrow('l2: the strength is -1; use a number from 0 on')
  expect(() => l1(Infinity)).toThrow(/the strength is Infinity/)
  const config = { type: 'dense', units: 1 }
  expect(() => fromJSON({ ...config, kernelConstraint: { name: 'maxNorm', limit: 0 } })).toThrow(
    /leaves no value but 0/,
  )
  expect(() => fromJSON({ ...config, kernelRegularizer: { name: 'l3', strength: 1 } })).toThrow(
    'dense: kernelRegularizer is {"name":"l3","strength":1}; give { name, … } with one of the names l1, l2, l1l2',
  )
  expect(() => fromJSON({ ...config, kernelInitializer: 'heNormal' })).toThrow(/kernelInitializer is "heNormal"; give/)
  expect(() => fromJSON({ ...config, kernelInitializer: { name: 'normal' } })).toThrow(/option 'deviation' is missing/)
})

test('a vector too short for float32’s squares counts as zeros, and stays finite', async () => {
  const backend = await cpu()
  scope(backend, () => {
    const tiny = tensor([[1e-30], [0]], { backend })
    for (const constraint of [unitNorm(), minMaxNorm({ min: 1, max: 2 }), maxNorm(1)]) {
      expect([...constraint.project(tiny).dataSync()].every((value) => value < 1e-6)).toBe(true)
    }
  })
})

test('recurrent layers take all of these for their kernels, recurrent kernels and biases, in every layer and direction', async () => {
  const layer = bidirectional(
    gru({
      units: 2,
      inputSize: 3,
      layers: 2,
      kernelInitializer: constant(0.5),
      recurrentInitializer: blocks(identityInitializer(), identityInitializer(), identityInitializer(2)),
      biasInitializer: constant(-1),
      kernelRegularizer: l1(0.1),
      recurrentRegularizer: l2(0.2),
      kernelConstraint: maxNorm(3),
      recurrentConstraint: unitNorm(),
      biasConstraint: nonNegative(),
    }),
  )
  const copy = again(layer)
  expect(copy.toJSON()).toEqual(layer.toJSON())
  await copy.init(await cpu(), { seed: 1 })
  const variables = copy.variables()
  expect(variables.length).toBe(16)
  for (const { path, variable } of variables) {
    const { regularizer, constraint } = variable
    const found = [regularizer?.name, constraint?.name, variable.value.dataSync()[0]]
    expect(found).toEqual(
      path.endsWith('kernel')
        ? ['l1', 'maxNorm', 0.5]
        : path.endsWith('recurrent')
          ? ['l2', 'unitNorm', 1]
          : [undefined, 'nonNegative', path.endsWith('recurrentBias') ? 0 : -1],
    )
  }
  const recurrent = variables.find(({ path }) => path.endsWith('recurrent'))?.variable.value
  expect([...(recurrent?.dataSync() ?? [])]).toEqual([1, 0, 1, 0, 2, 0, 0, 1, 0, 1, 0, 2])
  expect(await forgetBias({ units: 1, inputSize: 1 })).toEqual([0, 1, 0, 0])
  expect(await forgetBias({ units: 1, inputSize: 1, biasInitializer: constant(0.5) })).toEqual([0.5, 0.5, 0.5, 0.5])
})

async function forgetBias(options: RecurrentOptions): Promise<number[]> {
  const layer = await lstm(options).init(await cpu(), { seed: 1 })
  return [
    ...(layer
      .variables()
      .find(({ path }) => path === 'bias')
      ?.variable.value.dataSync() ?? []),
  ]
}

describe('options reach the parameters of their role', () => {
  const names = (layer: Recurrent, which: (variable: Variable) => unknown): string[] =>
    layer.variables().flatMap(({ variable }) => (which(variable) === undefined ? [] : [variable.name]))

  test("a GRU's second bias starts at zeros, and is regularised with the first", async () => {
    const layer = gru({ units: 2, inputSize: 1, biasInitializer: constant(3), biasRegularizer: l2(1) })
    await layer.init(await cpu(), { seed: 1 })
    const values = new Map(layer.variables().map(({ variable }) => [variable.name, [...variable.value.dataSync()]]))
    expect(values.get('bias')).toEqual([3, 3, 3, 3, 3, 3])
    expect(values.get('recurrentBias')).toEqual([0, 0, 0, 0, 0, 0])
    expect(names(layer, ({ regularizer }) => regularizer)).toEqual(['bias', 'recurrentBias'])
  })

  test("the bias of a normalised cell is none of the gates'", async () => {
    const ones = blocks(zeroInitializer, constant(1), zeroInitializer, zeroInitializer)
    const layer = lstm({
      units: 8,
      inputSize: 1,
      layerNorm: true,
      biasInitializer: ones,
      biasConstraint: nonNegative(),
    })
    await layer.init(await cpu(), { seed: 1 })
    const cellBias = layer.variables().find(({ variable }) => variable.name === 'cellBias')?.variable
    expect([...(cellBias?.value.dataSync() ?? [])]).toEqual(Array(8).fill(0))
    expect(names(layer, ({ constraint }) => constraint)).toEqual(['bias'])
  })

  test('what feeds back in a Jordan network is its recurrent weights', async () => {
    const layer = jordan({ units: 3, inputSize: 2, recurrentRegularizer: l2(1), recurrentConstraint: maxNorm(1) })
    await layer.init(await cpu(), { seed: 1 })
    expect(names(layer, ({ regularizer }) => regularizer)).toEqual(['feedback'])
    expect(names(layer, ({ constraint }) => constraint)).toEqual(['feedback'])
  })

  test('an option that finds no parameter is refused', async () => {
    const layer = minGru({ units: 2, inputSize: 2, recurrentRegularizer: l2(1) })
    await expect(async () => layer.init(await cpu(), { seed: 1 })).rejects.toThrow(
      "minGru: recurrentRegularizer finds nothing: the cell's parameters are kernel, bias; leave it out",
    )
  })

  test('a recurrent kernel of a convolution may be orthogonal, and gates in a wrong number are told', async () => {
    const layer = convLstm2d({ filters: 2, kernelSize: 3, inputSize: 1, recurrentInitializer: orthogonal })
    await layer.init(await cpu(), { seed: 1 })
    const wrong = lstm({ units: 8, inputSize: 1, biasInitializer: blocks(constant(1), constant(2), constant(3)) })
    await expect(wrong.init(await cpu(), { seed: 1 })).rejects.toThrow("32 columns can't be divided into 3 blocks")
  })

  test('a norm over numbers of different units is of all of them, a value is of each', async () => {
    const bounded = async (recurrentConstraint: Constraint): Promise<number[]> => {
      const recurrentInitializer = constant(2)
      const layer = indRnn({ units: 4, inputSize: 2, recurrentConstraint, recurrentInitializer })
      await layer.init(await cpu(), { seed: 1 })
      const { variable } = layer.variables().find(({ path }) => path === 'recurrent')!
      return [...recurrentConstraint.project(variable.value).dataSync()]
    }
    expect(await bounded(maxNorm(1))).toEqual([0.5, 0.5, 0.5, 0.5])
    expect(await bounded(maxValue(1))).toEqual([1, 1, 1, 1])
    expect(() => maxValue(0)).toThrow(/leaves no value but 0/)
  })

  test('the states of a stateful layer are no parameters in its summary', async () => {
    const layer = gru({ units: 4, inputSize: 2, statefulRows: 2 })
    const model = await sequential(layer).init(await cpu(), { seed: 1 })
    expect(model.summary()).toMatch(new RegExp(`gru +4 +${layer.parameterCount} +yes`))
  })
})
