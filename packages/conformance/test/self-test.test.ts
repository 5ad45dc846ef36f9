// The kit tested on backends that each break one rule: it must catch every one, by the case that is about that rule.

import { cpu } from '@rnn/backend-cpu'
import { FUSED_OPS, hasCode, type Backend, type OpName } from '@rnn/core'
import { runConformance, type ConformanceOptions, type Report } from '@rnn/conformance'
import { describe, expect, test } from 'vitest'
import {
  broken,
  brokenOp,
  lateReads,
  lateWrites,
  leaking,
  load,
  offBy,
  overtakingWrites,
  poke,
  refusing,
  shiftedRandom,
  swappedGates,
  undecided,
  usualGates,
  withoutInput,
  withoutOffsets,
  withoutRows,
} from './broken-backends.ts'

const FUSED = { fused: FUSED_OPS }

async function failuresOf(make: () => Promise<Backend>, options: ConformanceOptions): Promise<Report['results']> {
  const report = await runConformance(make, { ...FUSED, ...options })
  expect(report.results.length).toBeGreaterThan(0)
  return report.results.filter(({ status }) => status === 'failed')
}

interface Fault {
  readonly name: string
  readonly make: () => Promise<Backend>
  readonly options: ConformanceOptions
  /** Cases that must fail, and what their message must say. */
  readonly caughtBy: Readonly<Record<string, RegExp>>
}

const tolerance = /× the tolerance/
const notEqual = /equal/

const FAULTS: readonly Fault[] = [
  {
    name: 'LSTM gates i and f swapped, forward and backward alike',
    make: () => swappedGates('lstm', 0, 1),
    options: { filter: /lstm/, levels: ['fused', 'gradients'] },
    caughtBy: {
      'fused/lstm/oracle-initial': tolerance,
      'fused/lstm/forward-plain': tolerance,
      'gradients/lstm/oracle-initial': tolerance,
    },
  },
  {
    name: 'LSTM gates g and o swapped',
    make: () => swappedGates('lstm', 2, 3),
    options: { filter: /lstm/, levels: ['fused'] },
    caughtBy: { 'fused/lstm/oracle-initial': tolerance, 'fused/lstm/oracle-one-step': tolerance },
  },
  {
    name: 'GRU gates r and z swapped',
    make: () => swappedGates('gru', 0, 1),
    options: { filter: /gru/, levels: ['fused', 'gradients'] },
    caughtBy: { 'fused/gru/oracle-initial': tolerance, 'gradients/gru/oracle-initial': tolerance },
  },
  {
    name: 'a leak: every tenth release does nothing',
    make: leaking,
    options: { levels: ['storage', 'lifecycle'] },
    caughtBy: { 'storage/order/distinct-buffers': /a leak: \d+ live buffers/ },
  },
  {
    name: 'a silent fallback: a declared op that supports() refuses',
    make: () => refusing('recurrentForward'),
    options: { filter: /lstm/, levels: ['fused', 'layers'] },
    caughtBy: {
      'fused/lstm/forward-plain': /recurrentForward is declared, but supports\(\) refuses it: not today/,
      'fused/lstm/oracle-initial': /recurrentForward is declared, but core ran its composite 1 time/,
      'layers/lstm/sequence': /core ran its composite/,
    },
  },
  {
    name: 'a declared backward that supports() refuses, so that core runs the forward as a composite too',
    make: () => refusing('recurrentBackward'),
    options: { filter: /lstm/, levels: ['gradients'] },
    caughtBy: { 'gradients/lstm/oracle-initial': /recurrentForward is declared, but core ran its composite/ },
  },
  {
    name: 'supports() that changes its mind',
    make: () => undecided('layerNormForward'),
    options: { filter: /layerNorm/, levels: ['fused'] },
    caughtBy: { 'fused/layerNorm/forward-plain': /answered differently the second time/ },
  },
  {
    name: 'a fused op that is accepted and does nothing',
    make: () => brokenOp('sumOfSquares', () => {}),
    options: { filter: /sumOfSquares/ },
    caughtBy: { 'fused/sumOfSquares/several': /stats\(\)\.runs went from/ },
  },
  {
    name: 'a fused op that is accepted and throws',
    make: () =>
      brokenOp('crossEntropyForward', () => {
        throw new Error('kernel failed to compile')
      }),
    options: { filter: /crossEntropy\/(forward|oracle)-plain/ },
    caughtBy: {
      'fused/crossEntropy/forward-plain': /kernel failed to compile/,
      'fused/crossEntropy/oracle-plain': /kernel failed to compile/,
    },
  },
  {
    name: 'a write that overtakes a run',
    make: overtakingWrites,
    options: { levels: ['storage'] },
    caughtBy: {
      'storage/order/write-after-run': notEqual,
      'storage/order/write-over-result': notEqual,
      'storage/calls/replay': notEqual,
    },
  },
  {
    name: 'a read that sees later values',
    make: lateReads,
    options: { levels: ['storage'] },
    caughtBy: {
      'storage/order/read-then-write': notEqual,
      'storage/order/read-then-run': notEqual,
      'storage/order/many-reads': notEqual,
    },
  },
  {
    name: 'a write that copies late',
    make: lateWrites,
    options: { levels: ['storage'] },
    caughtBy: { 'storage/contents/copied-on-write': notEqual },
  },
  {
    name: 'rowStride ignored',
    make: withoutRows,
    options: { levels: ['primitives', 'fused'] },
    caughtBy: {
      'primitives/copy/float32-rows': /copy/,
      'primitives/tanh/float32-rows': /unary/,
      'primitives/add/float32-rows': /binary/,
      'primitives/select/float32-rows': /select/,
      'primitives/matmul/plain-7x13x9-rows': /matmul/,
      'primitives/matmul/heads': /matmul/,
      'fused/lstm/forward-everything-rows': /recurrentForward/,
      'fused/gru/backward-everything-rows': /recurrentBackward/,
    },
  },
  {
    name: 'byteOffset ignored',
    make: withoutOffsets,
    options: { filter: /-offset$/ },
    caughtBy: {
      'primitives/fill/float32-offset': /fill/,
      'primitives/gather/rows-offset': /gather|index/,
      'fused/adam/plain-offset': /adamStep/,
    },
  },
  {
    name: 'lengths ignored',
    make: () => withoutInput('recurrentForward', 5),
    options: { filter: /gru/, levels: ['fused'] },
    caughtBy: {
      'fused/gru/forward-ragged': tolerance,
      'fused/gru/forward-empty': /./,
      'fused/gru/oracle-ragged': tolerance,
    },
  },
  {
    name: 'reversed rows that start at T instead of their own end',
    make: () =>
      brokenOp('recurrentForward', (call, backend) => {
        const { reverse } = call.attributes
        backend.run(reverse ? { ...call, inputs: call.inputs.with(5, null) as unknown as typeof call.inputs } : call)
      }),
    options: { filter: /lstm/, levels: ['fused'] },
    caughtBy: { 'fused/lstm/forward-reverse-ragged': /./, 'fused/lstm/oracle-everything': tolerance },
  },
  {
    name: 'the mask on the hidden state ignored in backward',
    make: () => withoutInput('recurrentBackward', 9),
    options: { filter: /gru/, levels: ['fused', 'gradients'] },
    caughtBy: { 'fused/gru/backward-mask': tolerance, 'gradients/gru/oracle-everything': tolerance },
  },
  {
    name: 'peepholes ignored',
    make: () => withoutInput('recurrentVariantForward', 7),
    options: { filter: /(lstm-peepholes|lstm-coupled-peepholes)\// },
    caughtBy: {
      'fused/lstm-peepholes/forward-plain': tolerance,
      'fused/lstm-coupled-peepholes/forward-one-step': tolerance,
      'layers/lstm-peepholes/both-ragged': tolerance,
      'gradients/lstm-peepholes/ragged-reverse': tolerance,
    },
  },
  {
    name: 'peepholes ignored in backward: what flows to the cell before, and from the output gate to the cell, is missing',
    make: () => withoutInput('recurrentVariantBackward', 10),
    options: { filter: /(lstm-peepholes|lstm-coupled-peepholes)\// },
    caughtBy: {
      'fused/lstm-peepholes/backward-one-step': tolerance,
      'fused/lstm-coupled-peepholes/backward-plain': tolerance,
      'gradients/lstm-peepholes/ragged-reverse': tolerance,
    },
  },
  {
    name: 'hard-sigmoid gates taken for sigmoid ones',
    make: usualGates,
    options: { filter: /hard-sigmoid\// },
    caughtBy: {
      'fused/lstm-hard-sigmoid/forward-plain': tolerance,
      'fused/gru-hard-sigmoid/forward-plain': tolerance,
      'fused/gru-hard-sigmoid/backward-plain': tolerance,
      'gradients/lstm-hard-sigmoid/ragged-reverse': tolerance,
    },
  },
  {
    name: 'random numbers from the next counter',
    make: shiftedRandom,
    options: { filter: /random|dropout\/training/ },
    caughtBy: {
      'primitives/random/uniform': notEqual,
      'primitives/random/bits-0_0': notEqual,
      'primitives/random/bernoulli-half': notEqual,
      'primitives/random/normal-0_1': tolerance,
      'layers/dropout/training': tolerance,
    },
  },
  {
    name: 'accumulate that overwrites',
    make: () =>
      broken((backend) => ({
        run: (call) =>
          backend.run(call.op === 'matmul' ? { ...call, attributes: { ...call.attributes, accumulate: false } } : call),
      })),
    options: { filter: /accumulate/ },
    caughtBy: { 'primitives/matmul/accumulate-5x7x9': tolerance },
  },
  {
    name: 'tanh that overflows to NaN for large arguments',
    make: () =>
      brokenOp('unary', (call, backend) => {
        const [[x], [out]] = [call.inputs, call.outputs]
        backend.run(call)
        if (call.attributes.kind === 'tanh')
          load(backend, x).forEach((value, i) => Math.abs(value) > 88 && poke(backend, out, i, NaN))
      }),
    options: { filter: /tanh/ },
    caughtBy: { 'primitives/tanh/large': /is NaN, expected 1/, 'primitives/tanh/edges': /NaN/ },
  },
  {
    name: 'a kernel that writes past the end of its output',
    make: () =>
      brokenOp('binary', (call, backend) => {
        backend.run(call)
        const [out] = call.outputs
        const count = out.shape.reduce((a, b) => a * b, 1)
        try {
          if (out.rowStride === undefined) poke(backend, out, count, 0)
        } catch (error) {
          if (!hasCode(error, 'E_VALUE')) throw error // the buffer ends there
        }
      }),
    options: { filter: /primitives\/add/ },
    caughtBy: { 'primitives/add/float32': /changed word 129 of an output buffer, outside the output/ },
  },
  {
    name: 'a kernel that uses its input as scratch space',
    make: () =>
      brokenOp('softmax', (call, backend) => {
        backend.run(call)
        poke(backend, call.inputs[0], 0, 0)
      }),
    options: { filter: /softmax\/rows/ },
    caughtBy: { 'primitives/softmax/rows-of-7': /changed word 0 of an input/ },
  },
  {
    name: 'other bits in every second run',
    make: () => {
      let runs = 0
      return brokenOp('reduce', (call, backend) => {
        backend.run(call)
        const [out] = call.outputs
        const [value] = load(backend, out)
        if (runs++ % 2 === 1 && value !== undefined && call.attributes.kind === 'sum')
          poke(backend, out, 0, value * (1 + 2 ** -23))
      })
    },
    options: { filter: /primitives\/sum/ },
    caughtBy: { 'primitives/sum/last': /gave other bits the second time/ },
  },
  {
    name: 'indices that are clamped instead of reported',
    make: () =>
      brokenOp('gather', (call, backend) => {
        const [table, indices] = call.inputs
        load(backend, indices).forEach((index, i) =>
          poke(backend, indices, i, Math.max(-1, Math.min(index, table.shape[0]! - 1))),
        )
        backend.run(call)
      }),
    options: { filter: /gather/ },
    caughtBy: { 'primitives/gather/index-4': /should fail with E_INDEX_RANGE, but did not fail/ },
  },
  {
    name: 'dispose that does nothing',
    make: () => broken(() => ({ dispose: async () => {} })),
    options: { levels: ['lifecycle'] },
    caughtBy: { 'lifecycle/dispose/later-calls': /should fail with E_BACKEND_DISPOSED, but did not fail/ },
  },
]

describe('a backend that breaks a rule is caught', () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_, { make, options, caughtBy }) => {
    const failures = await failuresOf(make, options)
    const messages = Object.fromEntries(failures.map(({ id, message }) => [id, message]))
    for (const [id, message] of Object.entries(caughtBy)) expect(messages[id], id).toMatch(message)
  })
})

/** Ops whose results have a tolerance, with cases about them. */
const INEXACT: readonly (readonly [op: OpName, filter: RegExp])[] = [
  ['unary', /primitives\/(exp|log|tanh|sigmoid|sqrt)\/float32$/],
  ['binary', /primitives\/(add|divide|power)\/float32$/],
  ['reduce', /primitives\/(sum|mean|product)\/last$/],
  ['matmul', /primitives\/matmul\/plain/],
  ['scatterAdd', /primitives\/scatterAdd\/rows$/],
  ['softmax', /primitives\/(logS|s)oftmax\/rows-of-7$/],
  ['random', /primitives\/random\/normal/],
  ['recurrentForward', /fused\/(lstm|gru|simpleTanh)\/forward-(plain|ragged)$/],
  ['recurrentBackward', /fused\/(lstm|gru|simpleTanh)\/backward-(plain|ragged)$/],
  ['recurrentVariantForward', /fused\/(lstm-coupled|lstm-peepholes|gru-hard-sigmoid)\/forward-(plain|ragged)$/],
  ['recurrentVariantBackward', /fused\/(lstm-coupled|lstm-peepholes|gru-hard-sigmoid)\/backward-(plain|ragged)$/],
  ['linearScanForward', /fused\/linearScan\/forward-initial$/],
  ['linearScanBackward', /fused\/linearScan\/backward-initial$/],
  ['crossEntropyForward', /fused\/crossEntropy\/forward-plain$/],
  ['crossEntropyBackward', /fused\/crossEntropy\/backward-plain$/],
  ['layerNormForward', /fused\/layerNorm\/forward-plain$/],
  ['layerNormBackward', /fused\/layerNorm\/backward-plain$/],
  ['sumOfSquares', /fused\/sumOfSquares\/several$/],
  ['sgdStep', /fused\/sgd\/momentum$/],
  ['rmspropStep', /fused\/rmsprop\/plain$/],
  ['adamStep', /fused\/adam\/plain$/],
]

describe('an error of 3 times the tolerance is caught, and one of 0.4 times is not', () => {
  test.each(INEXACT)('%s', async (op, filter) => {
    const all = await runConformance(() => offBy(op, 3), { ...FUSED, filter })
    expect(all.counts.passed).toBe(0)
    for (const { message } of all.results) expect(message).toMatch(/\((2\.[5-9]|3\.[0-5])\d × the tolerance\)/)
    // Rounding to float32 adds half an ulp to what was put in, and some tolerances are of a few ulp.
    const within = await runConformance(() => offBy(op, 0.4), {
      ...FUSED,
      filter,
    })
    expect(within.results.filter(({ status }) => status === 'failed')).toEqual([])
  })
})

test('the CPU backend, decorated but unchanged, is not taken for broken', async () => {
  const failures = await failuresOf(() => broken(() => ({})), {
    levels: ['storage', 'primitives', 'fused', 'lifecycle'],
  })
  expect(failures).toEqual([])
})

test('a backend without fused ops passes when it declares none: the composites run, and calls of fused ops do not apply', async () => {
  const plain = (): Promise<Backend> => broken(() => ({ supports: () => ({ reason: 'primitives only' }) }))
  const report = await runConformance(plain, { filter: /lstm/, levels: ['fused', 'gradients', 'layers'] })
  expect(report.counts.failed).toBe(0)
  expect(report.results.find(({ id }) => id === 'fused/lstm/forward-plain')).toMatchObject({
    status: 'unsupported',
    message: 'primitives only',
  })
  expect(report.results.find(({ id }) => id === 'gradients/lstm/oracle-initial')).toMatchObject({ status: 'passed' })
})

test('the cases after a failure get a new instance', async () => {
  let made = 0
  const make = async (): Promise<Backend> => {
    made++
    return made === 1 ? lateReads() : cpu()
  }
  const report = await runConformance(make, { levels: ['storage'] })
  expect(report.counts.failed).toBe(1)
  expect(made).toBe(2)
})
