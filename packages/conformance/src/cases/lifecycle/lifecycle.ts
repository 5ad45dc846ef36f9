// Life and death: disposal, scopes, instances beside one another, and what fused ops promise.

import {
  add,
  FUSED_OPS,
  fusedCounts,
  keep,
  mul,
  scope,
  slice,
  sum,
  tanh,
  tensor,
  zeros,
  type Backend,
  type BufferHandle,
  type OpCall,
} from '@rnn/core'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compareBits, expectError } from '../../check.ts'
import { copyCall, vector } from '../storage/raw.ts'

/** Everything that may be called on a backend. */
function callsOn(backend: Backend, buffer: BufferHandle): readonly (readonly [name: string, call: () => unknown])[] {
  const range = { buffer, byteOffset: 0, byteLength: 4 }
  const call: OpCall = copyCall(vector(buffer, 1), vector(buffer, 1))
  const { readSync } = backend
  return [
    ['allocate', () => backend.allocate(4, 'transient')],
    ['release', () => backend.release(buffer)],
    ['write', () => backend.write(buffer, Float32Array.of(1))],
    ['run', () => backend.run(call)],
    ['read', () => backend.read([range])],
    ['sync', () => backend.sync()],
    ...(readSync ? [['readSync', () => readSync.call(backend, range)] as const] : []),
  ]
}

export const lifecycleCases: readonly ConformanceCase[] = [
  caseOf(
    'lifecycle/dispose/later-calls',
    'after dispose every call fails with E_BACKEND_DISPOSED',
    async ({ another }) => {
      const backend = await another()
      const buffer = backend.allocate(4, 'transient')
      await backend.dispose()
      for (const [name, call] of callsOn(backend, buffer))
        await expectError('E_BACKEND_DISPOSED', `${name} after dispose`, call)
    },
  ),

  caseOf(
    'lifecycle/dispose/with-work',
    'dispose while calls are under way neither hangs nor throws',
    async ({ another }) => {
      const backend = await another()
      const a = backend.allocate(4096, 'transient')
      const b = backend.allocate(4096, 'transient')
      backend.write(a, new Float32Array(1024))
      for (let i = 0; i < 20; i++) backend.run(copyCall(vector(a, 1024), vector(b, 1024)))
      await backend.dispose()
    },
  ),

  caseOf(
    'lifecycle/dispose/others-live',
    'disposing of one instance leaves the others alone',
    async ({ backend, another }) => {
      const other = await another()
      const x = tensor([1, 2, 3], { backend })
      await other.dispose()
      const y = add(x, 1)
      compareBits('values', await y.data(), [2, 3, 4])
      x.dispose()
      y.dispose()
    },
  ),

  caseOf(
    'lifecycle/instances/independent',
    'instances count their own buffers and runs',
    async ({ backend, another }) => {
      const other = await another()
      await backend.sync()
      const before = backend.stats()
      const x = tensor([1, 2], { backend: other })
      const y = tanh(x)
      await other.sync()
      await backend.sync()
      check(other.stats().liveBuffers === 2, `the other instance has ${other.stats().liveBuffers} buffers, expected 2`)
      check(backend.stats().liveBuffers === before.liveBuffers, 'buffers of one instance were counted by another')
      check(
        (backend.stats().runs.unary ?? 0) === (before.runs.unary ?? 0),
        'runs of one instance were counted by another',
      )
      x.dispose()
      y.dispose()
    },
  ),

  caseOf(
    'lifecycle/instances/mismatch',
    'tensors of two instances in one op: E_BACKEND_MISMATCH',
    async ({ backend, another }) => {
      const other = await another()
      const [x, y] = [tensor([1], { backend }), tensor([1], { backend: other })]
      await expectError('E_BACKEND_MISMATCH', 'add', () => add(x, y))
      x.dispose()
      y.dispose()
    },
  ),

  caseOf(
    'lifecycle/instances/move',
    'a tensor moved to another instance keeps every bit',
    async ({ backend, another }) => {
      const other = await another()
      const x = tensor(
        [
          [1.5, -0, NaN],
          [Infinity, 1e-38, 3],
        ],
        { backend },
      )
      const column = slice(x, 1, 1, 2)
      const moved = await column.to(other)
      compareBits('values', await moved.data(), await column.data())
      for (const each of [x, column, moved]) each.dispose()
    },
  ),

  caseOf('lifecycle/scope/frees', 'a scope frees what it does not return', async ({ backend }) => {
    await backend.sync()
    const before = backend.stats().liveBuffers
    const result = scope(backend, () => {
      const x = tensor([1, 2, 3], { backend })
      const y = mul(tanh(x), add(x, 1))
      return sum(y)
    })
    await backend.sync()
    check(
      backend.stats().liveBuffers === before + 1,
      `${backend.stats().liveBuffers - before} buffers live, expected 1`,
    )
    result.dispose()
  }),

  caseOf('lifecycle/scope/after-error', 'a scope that ends with an error frees everything', async ({ backend }) => {
    await backend.sync()
    const before = backend.stats().liveBuffers
    await expectError('E_SHAPE', 'add of [3] and [2]', () =>
      scope(backend, () => add(tanh(tensor([1, 2, 3], { backend })), zeros([2], { backend }))),
    )
    await backend.sync()
    check(backend.stats().liveBuffers === before, `${backend.stats().liveBuffers - before} buffers were left`)
  }),

  caseOf('lifecycle/scope/keep', 'what is kept outlives its scope until it is disposed of', async ({ backend }) => {
    const kept = scope(backend, () => {
      const x = keep(tensor([1, 2], { backend }))
      scope(backend, () => tanh(x))
      return { later: x }
    }).later
    compareBits('values', await kept.data(), [1, 2])
    kept.dispose()
  }),

  caseOf('lifecycle/views/storage', 'a buffer lives as long as any view of it', async ({ backend }) => {
    await backend.sync()
    const before = backend.stats().liveBuffers
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { backend },
    )
    const column = slice(x, 1, 2, 1)
    x.dispose()
    compareBits('the view', await column.data(), [3, 6])
    column.dispose()
    await backend.sync()
    check(backend.stats().liveBuffers === before, 'the buffer outlived its last view')
  }),

  caseOf(
    'lifecycle/reuse/thousand',
    'a thousand rounds of allocate, run and release take no more memory',
    async ({ backend }) => {
      const rounds = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) scope(backend, () => sum(tanh(zeros([64, 65], { backend }))).dispose())
        await backend.sync()
      }
      await rounds(50)
      const { reservedBytes } = backend.stats()
      await rounds(1000)
      const after = backend.stats().reservedBytes
      check(after <= reservedBytes + 2 ** 20, `reserved bytes went from ${reservedBytes} to ${after}`)
    },
  ),

  caseOf('lifecycle/fused/counted', 'core and the backend agree on how often a fused op ran', async ({ backend }) => {
    await backend.sync()
    const { runs } = backend.stats()
    const counts = fusedCounts(backend)
    for (const name of FUSED_OPS) {
      const [asked, ran] = [counts[name]?.fused ?? 0, runs[name] ?? 0]
      // Cases that speak to the backend directly add runs of their own.
      check(ran >= asked, `core asked for ${name} ${asked} times; the backend counts ${ran} runs`)
    }
  }),
]
