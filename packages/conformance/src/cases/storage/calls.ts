// Calls as data: kept, frozen, cloned, replayed.

import type { OpCall } from '@rnn/core'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compareBits } from '../../check.ts'
import { cloned } from '../../calls/operands.ts'
import { copyCall, readFloats, vector, withBuffers } from './raw.ts'

export const callCases: readonly ConformanceCase[] = [
  caseOf('storage/calls/replay', 'a kept call replays on what its operands hold by then', async ({ backend }) => {
    await withBuffers(backend, async ({ floats, empty }) => {
      const [a, b, total] = [floats([1, 2, 3]), empty(3), floats([0, 0, 0])]
      const calls: readonly OpCall[] = [
        { op: 'unary', inputs: [vector(a, 3)], outputs: [vector(b, 3)], attributes: { kind: 'square' } },
        copyCall(vector(b, 3), vector(total, 3), true),
      ]
      const text = JSON.stringify(calls)
      for (const values of [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ]) {
        backend.write(a, Float32Array.from(values))
        for (const call of calls) backend.run(call)
      }
      compareBits('sums of squares', await readFloats(backend, total, 3), [66, 93, 126])
      check(JSON.stringify(calls) === text, 'run changed the call that it was given')
    })
  }),

  caseOf('storage/calls/cloned', 'a call that went through structuredClone means the same', async ({ backend }) => {
    await withBuffers(backend, async ({ floats, empty }) => {
      const [a, b] = [floats([1, 2, 3]), empty(3)]
      backend.run(cloned(copyCall(vector(a, 3), vector(b, 3))))
      compareBits('copy', await readFloats(backend, b, 3), [1, 2, 3])
    })
  }),

  caseOf(
    'storage/calls/handles',
    'handles are cloneable numbers, not 0, and differ while they live',
    async ({ backend }) => {
      await withBuffers(backend, async ({ empty }) => {
        const handles = Array.from({ length: 20 }, () => empty(1))
        check(
          handles.every((handle) => typeof handle === 'number' && handle !== 0 && Number.isFinite(handle)),
          `handles ${handles.join(', ')}`,
        )
        check(new Set(handles).size === handles.length, 'two live buffers have the same handle')
      })
    },
  ),

  caseOf(
    'storage/calls/stats',
    'stats count live buffers and bytes, runs and dispatches, as of the last sync',
    async ({ backend }) => {
      await backend.sync()
      const before = backend.stats()
      const buffer = backend.allocate(400, 'parameter')
      const other = backend.allocate(400, 'transient')
      backend.run(copyCall(vector(buffer, 100), vector(other, 100)))
      await backend.sync()
      const during = backend.stats()
      check(
        during.liveBuffers === before.liveBuffers + 2,
        `liveBuffers ${before.liveBuffers} → ${during.liveBuffers} after two allocations`,
      )
      check(
        during.liveBytes === before.liveBytes + 800,
        `liveBytes ${before.liveBytes} → ${during.liveBytes} after 800 bytes`,
      )
      check(
        during.reservedBytes >= during.liveBytes,
        `reservedBytes ${during.reservedBytes} is below liveBytes ${during.liveBytes}`,
      )
      check((during.runs.copy ?? 0) === (before.runs.copy ?? 0) + 1, 'runs.copy did not count one copy')
      check((during.dispatches.copy ?? 0) > (before.dispatches.copy ?? 0), 'dispatches.copy did not count')
      backend.release(buffer)
      backend.release(other)
      await backend.sync()
      const after = backend.stats()
      check(
        after.liveBuffers === before.liveBuffers && after.liveBytes === before.liveBytes,
        'released buffers are still counted',
      )
    },
  ),

  caseOf(
    'storage/calls/identity',
    'name, interfaceVersion and info say what runs, and stay the same',
    ({ backend }) => {
      check(backend.name.length > 0, 'the backend has no name')
      check(backend.interfaceVersion === 1, `interfaceVersion is ${String(backend.interfaceVersion)}`)
      const { info } = backend
      check(
        info.device.length > 0 && info.threads >= 1 && typeof info.software === 'boolean',
        `info ${JSON.stringify(info)}`,
      )
      check(info.limits.maxBufferBytes >= 2 ** 26, `maxBufferBytes ${info.limits.maxBufferBytes} is below 64 MiB`)
      check(JSON.stringify(backend.info) === JSON.stringify(info), 'info changes')
    },
  ),

  caseOf(
    'storage/calls/prepare',
    'prepare compiles ahead and changes nothing',
    async ({ backend }) => {
      await withBuffers(backend, async ({ floats, empty }) => {
        const [a, b] = [floats([1, 2, 3]), empty(3)]
        const call = copyCall(vector(a, 3), vector(b, 3))
        backend.write(b, Float32Array.of(9, 9, 9))
        await backend.prepare!([call, call])
        compareBits('the output', await readFloats(backend, b, 3), [9, 9, 9])
        backend.run(call)
        compareBits('copy', await readFloats(backend, b, 3), [1, 2, 3])
      })
    },
    ['prepare'],
  ),
]
