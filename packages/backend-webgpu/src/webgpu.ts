// The backend: buffers on the device, calls recorded in order, kernels in WGSL.

import { RnnError } from '@rnn/core'
import type { Backend, BackendStats, OpCall, OpName } from '@rnn/core'
import { openDevice } from './adapter.ts'
import type { OpenDevice } from './adapter.ts'
import { bufferRefused } from './device-error.ts'
import { Halves } from './halves.ts'
import type { Bound, CallOf, Gpu, Kernel } from './kernel.ts'
import { FUSED, KERNELS } from './kernels/table.ts'
import { Memory } from './memory.ts'
import type { Block } from './memory.ts'
import { Pipelines } from './pipelines.ts'
import { Queue, USAGE } from './queue.ts'

/** Options of `webgpu`. */
export interface WebgpuOptions {
  /** Where to ask for an adapter. Default: `navigator.gpu`, in Node the package `webgpu` (an optional peer). */
  readonly gpu?: GPU
  readonly powerPreference?: GPUPowerPreference
  /**
   * Keeps a copy of weights as float16 for products of up to 16 rows, which are bound by how fast weights are read; sums stay float32. For inference: each change of a
   * weight costs a new copy. Default: false.
   */
  readonly float16?: boolean
  /** Submits each dispatch by itself, so that an error of the device names its op and shapes. Slow. */
  readonly debug?: boolean
}

/** What the backend holds and has done, with what a device is sparing of. */
export interface WebgpuStats extends BackendStats {
  /** Device buffers created so far, those to read through included. */
  readonly buffersCreated: number
  readonly pipelinesCreated: number
  readonly bindGroupsCreated: number
  readonly submissions: number
  /** Submissions that the device has not finished: bounded, however much is recorded. */
  readonly submissionsUnderWay: number
  /** Dispatches that wait in the program until the device has come so far. */
  readonly dispatchesWaiting: number
  /** Reads that waited for the device, each `sync` included. */
  readonly reads: number
}

/** A backend on a WebGPU device. */
export interface WebgpuBackend extends Backend {
  stats(): WebgpuStats
}

/** Bind groups kept for reuse; a steady training step needs some hundreds. */
const MOST_BIND_GROUPS = 8192

/**
 * A backend of WGSL kernels, in browsers and in Node. Calls are recorded and return at once; errors of the device come out of the next `read` or `sync`.
 *
 * ```ts
 * const backend = await webgpu()
 * const a = tensor([[1, 2], [3, 4]], { backend })
 * ```
 *
 * @throws E_UNSUPPORTED without WebGPU, without an adapter, or where the device is too small
 */
export async function webgpu(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
  return backendOn(await openDevice(options), options)
}

function backendOn(
  { gpu: root, device, offer }: OpenDevice,
  { debug = false, float16 = false }: WebgpuOptions,
): WebgpuBackend {
  const held = new Set<GPU>([root])
  const runs: Partial<Record<OpName, number>> = {}
  const dispatches: Partial<Record<OpName, number>> = {}
  const pipelines = new Pipelines(device)
  const queue = new Queue(device, pipelines.parameters, debug)
  const groups = new Map<string, { readonly group: GPUBindGroup; readonly blocks: readonly Block[] }>()
  const memory = new Memory({
    maxBufferBytes: offer.maxBufferBytes,
    make: (capacity, refused) =>
      queue.watched(
        () => device.createBuffer({ size: capacity, usage: USAGE.storage | USAGE.copySource | USAGE.copyTarget }),
        (message) => {
          refused()
          return bufferRefused(capacity, memory.liveBytes, message)
        },
      ),
    drop(block) {
      for (const [key, { blocks }] of groups) if (blocks.includes(block)) groups.delete(key)
      queue.destroy(block)
    },
  })
  const halves = float16 ? new Halves(memory) : undefined
  let bindGroupsCreated = 0
  let disposed = false
  let nextCall = 1

  void device.lost.then(({ reason, message }) => {
    if (disposed) return
    queue.lose(
      new RnnError({
        code: 'E_BACKEND_LOST',
        operation: 'webgpu',
        problem: `the device was lost (${reason === 'destroyed' ? 'destroyed' : message || 'no reason given'}); its buffers are lost`,
        fix: 'make a new backend with `await webgpu()`, or use @rnn/backend-wasm, and load the last checkpoint; `snapshots` of fit does both',
      }),
    )
  })

  const assertLive = (operation: string): void => {
    if (disposed) {
      throw new RnnError({
        code: 'E_BACKEND_DISPOSED',
        operation,
        problem: 'the webgpu backend has been disposed',
        fix: 'make a new one with `await webgpu()`',
      })
    }
    if (queue.lost !== undefined) throw queue.lost
  }

  // One context for all calls.
  let current: OpCall
  let call = 0
  const scratch: Block[] = []
  const blockOf = (bound: Bound): Block => ('id' in bound ? bound : memory.block(bound.buffer, current.op))

  const groupOf = (layoutId: string, layout: GPUBindGroupLayout, blocks: readonly Block[]): GPUBindGroup => {
    let key = layoutId
    for (const { id } of blocks) key += `:${id}`
    const known = groups.get(key)
    if (known !== undefined) return known.group
    const entries = blocks.map(({ buffer }, binding) => ({ binding, resource: { buffer } }))
    const group = device.createBindGroup({ layout, entries })
    if (groups.size >= MOST_BIND_GROUPS) groups.clear()
    groups.set(key, { group, blocks })
    bindGroupsCreated++
    return group
  }

  const gpu: Gpu = {
    offer,
    program: (key, describe) => pipelines.program(key, describe),
    dispatch(program, bindings, parameters, [x, y = 1, z = 1]) {
      if (x * y * z === 0) return
      const { spec, layout } = program
      const blocks = bindings.map(blockOf)
      const words = new Uint32Array(1 + Object.keys(spec.parameters).length)
      const floats = new Float32Array(words.buffer)
      words[0] = call
      let at = 1
      for (const name in spec.parameters) {
        if (spec.parameters[name] === 'f32') floats[at++] = parameters[name]
        else words[at++] = parameters[name]
      }
      const described = current
      const describe = (): string => describeCall(described)
      if (spec.reportsIndices) queue.nameCall(call, describe)
      const group = groupOf(layout.id, layout.buffers, blocks)
      queue.dispatch({ program, group, blocks, words, workgroups: [x, y, z], describe })
      dispatches[current.op] = (dispatches[current.op] ?? 0) + 1
    },
    halves: (operand) => halves?.of(operand, gpu),
    scratch(byteLength) {
      const block = memory.takeScratch(byteLength)
      scratch.push(block)
      return block
    },
  }

  return {
    name: 'webgpu',
    interfaceVersion: 1,
    info: {
      device: offer.device,
      threads: 1,
      software: offer.software,
      limits: { maxBufferBytes: offer.maxBufferBytes },
    },
    alwaysFused: FUSED,
    supports({ op }) {
      if (disposed) assertLive('supports')
      return FUSED.includes(op) ? true : { reason: `${op} has no kernel of its own in WGSL` }
    },
    allocate(byteLength, role) {
      assertLive('allocate')
      return memory.allocate(byteLength, role)
    },
    release(buffer) {
      if (disposed) assertLive('release')
      // What a lost device held is free already; whoever cleans up after the loss must not fail again.
      if (queue.lost !== undefined) return
      halves?.forget(buffer)
      memory.release(buffer)
    },
    write(buffer, data, byteOffset = 0) {
      assertLive('write')
      const block = memory.range(buffer, byteOffset, data.byteLength, 'write')
      halves?.forget(buffer)
      if (data.byteLength > 0) queue.write(block, byteOffset, data)
    },
    run(given) {
      assertLive('run')
      runs[given.op] = (runs[given.op] ?? 0) + 1
      if (queue.failed) return
      current = given
      call = nextCall++
      // Numbers of calls are u32 on the device, and 0 stands for none.
      if (nextCall > 0xffffffff) nextCall = 1
      try {
        record(given, gpu)
      } finally {
        for (const output of given.outputs) if (output !== null) halves?.forget(output.buffer)
        for (const block of scratch) memory.returnScratch(block)
        scratch.length = 0
      }
    },
    async read(ranges) {
      assertLive('read')
      return queue.read(
        ranges.map(({ buffer, byteOffset, byteLength }) => ({
          block: memory.range(buffer, byteOffset, byteLength, 'read'),
          byteOffset,
          byteLength,
        })),
      )
    },
    async sync() {
      assertLive('sync')
      await queue.read([])
    },
    stats() {
      if (disposed) assertLive('stats')
      return {
        liveBuffers: memory.liveBuffers,
        liveBytes: memory.liveBytes,
        reservedBytes: memory.reservedBytes,
        runs: { ...runs },
        dispatches: { ...dispatches },
        buffersCreated: memory.buffersCreated + queue.stagingCreated,
        pipelinesCreated: pipelines.created,
        bindGroupsCreated,
        submissions: queue.submissions,
        submissionsUnderWay: queue.underWay,
        dispatchesWaiting: queue.waiting,
        reads: queue.reads,
      }
    },
    async dispose() {
      if (disposed) assertLive('dispose')
      disposed = true
      queue.lose(
        new RnnError({
          code: 'E_BACKEND_DISPOSED',
          operation: 'webgpu',
          problem: 'the webgpu backend was disposed while this waited',
          fix: 'await reads before dispose()',
        }),
      )
      groups.clear()
      device.destroy()
      // Dawn in Node crashes where a GPU is collected that still compiles.
      await pipelines.settled()
      await device.lost
      held.clear()
    },
  }
}

function record<Name extends OpName>(call: CallOf<Name>, gpu: Gpu): void {
  const kernel: Kernel<Name> | undefined = KERNELS[call.op] // undefined for what is left to core, and for an op of a later contract
  if (kernel === undefined) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: String(call.op),
      problem: 'no such op on the webgpu backend',
      fix: 'use matching versions of @rnn/core and @rnn/backend-webgpu',
    })
  }
  kernel(call, gpu)
}

/** `gather [100, 8] int32[3] → [3, 8]`: the op first, then its shapes. */
function describeCall(call: OpCall): string {
  const operands = (list: readonly (OpCall['inputs'][number] | null)[]): string =>
    list
      .map((each) => (each === null ? '–' : `${each.dtype === 'float32' ? '' : each.dtype}[${each.shape.join(', ')}]`))
      .join(' ')
  return `${call.op} ${operands(call.inputs)} → ${operands(call.outputs)}`
}
