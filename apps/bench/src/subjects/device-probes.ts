/** What a WebGPU device gives at most, by shaders of the bench's own: multiply-adds in registers, and copying memory. In Node and in pages alike. */

import type { Probe } from './subject.ts'

const WORKGROUP = 256
/** Sums of four numbers each, side by side: enough that none waits for its predecessor. */
const SUMS = 8
/** Multiply-adds of each sum in a turn of the loop, so that the loop itself counts for little. */
const UNROLLED = 4
const VEC4_BYTES = 16
/** `GPUBufferUsage.STORAGE`, a global that Node lacks. */
const STORAGE = 0x80

interface Effort {
  /** Workgroups and turns of a dispatch. */
  readonly groups: number
  readonly turns: number
  readonly copyBytes: number
  /** Workgroups that copy; each invocation copies several vectors. */
  readonly copyGroups: number
  /** Copies for each wait: so many that the wait itself counts for little. */
  readonly copies: number
}

/** 275 GFLOP in a run, and 8 GiB. */
const HARDWARE: Effort = {
  groups: 8192,
  turns: 512,
  copyBytes: 2 ** 28,
  copyGroups: 16384,
  copies: 16,
}
/** What takes milliseconds where a processor imitates the device. */
const SOFTWARE: Effort = { groups: 16, turns: 16, copyBytes: 2 ** 24, copyGroups: 256, copies: 1 }

const sums = Array.from({ length: SUMS }, (_, i) => `s${i}`)

/**
 * `multiplyAdd`: every sum becomes sum·a + b, over and over; a and b come from memory, so that nothing can be computed ahead, and the sums are stored, so that they count. `copy`: four floats at a time,
 * neighbours by neighbouring invocations.
 */
const CODE = /* wgsl */ `
override turns: u32 = 1;
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> goal: array<vec4f>;

@compute @workgroup_size(${WORKGROUP})
fn multiplyAdd(@builtin(global_invocation_id) id: vec3u) {
  let a = source[0];
  let b = source[1];
  let start = source[2] + f32(id.x);
${sums.map((sum, i) => `  var ${sum} = start + ${i}.0;`).join('\n')}
  for (var turn = 0u; turn < turns; turn++) {
${Array.from({ length: UNROLLED }, () => sums.map((sum) => `    ${sum} = fma(${sum}, a, b);`).join('\n')).join('\n')}
  }
  goal[id.x] = ${sums.join(' + ')};
}

@compute @workgroup_size(${WORKGROUP})
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let count = arrayLength(&goal);
  for (var i = id.x; i < count; i += groups.x * ${WORKGROUP}u) {
    goal[i] = source[i];
  }
}

@compute @workgroup_size(${WORKGROUP})
fn fill(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let count = arrayLength(&goal);
  for (var i = id.x; i < count; i += groups.x * ${WORKGROUP}u) {
    goal[i] = vec4f(0.5) + vec4f(f32(i % 251u), 0, 0, 0) / 1000.0;
  }
}
`

/** The probes, and what gives their device back. */
export interface DeviceProbes {
  readonly probes: readonly Probe[]
  dispose(): void
}

/**
 * Opens a device of its own on the fastest adapter.
 *
 * @throws where the device refuses what is asked of it: what it does not compute would look fast
 */
export async function deviceProbes(gpu: GPU, software: boolean): Promise<DeviceProbes> {
  const effort = software ? SOFTWARE : HARDWARE
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) return { probes: [], dispose: () => undefined }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } })
  const copyBytes = Math.min(effort.copyBytes, maxBufferSize, maxStorageBufferBindingSize)
  const goalBytes = Math.max(copyBytes, effort.groups * WORKGROUP * VEC4_BYTES)
  const [source, goal] = [copyBytes, goalBytes].map((size) => device.createBuffer({ size, usage: STORAGE })) as [
    GPUBuffer,
    GPUBuffer,
  ]
  const module = device.createShaderModule({ code: CODE })

  const repeated = async (
    entryPoint: string,
    buffers: readonly (readonly [binding: number, buffer: GPUBuffer, size: number])[],
    { groups, times, constants = {} }: { groups: number; times: number; constants?: Record<string, number> },
  ): Promise<() => Promise<void>> => {
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module, entryPoint, constants },
    })
    const entries = buffers.map(([binding, buffer, size]) => ({ binding, resource: { buffer, size } }))
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries })
    return async () => {
      const encoder = device.createCommandEncoder()
      const pass = encoder.beginComputePass()
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, group)
      for (let i = 0; i < times; i++) pass.dispatchWorkgroups(groups)
      pass.end()
      device.queue.submit([encoder.finish()])
      await device.queue.onSubmittedWorkDone()
    }
  }

  const { groups, turns, copyGroups, copies } = effort
  // Written, so that no memory is shared and no number is a denormal.
  device.pushErrorScope('validation')
  const fill = await repeated('fill', [[1, source, copyBytes]], { groups: copyGroups, times: 1 })
  await fill()
  const probes: Probe[] = [
    {
      name: 'fused multiply-adds in registers',
      measures: 'peak',
      work: groups * WORKGROUP * turns * UNROLLED * SUMS * 4 * 2,
      unit: 'flop',
      run: await repeated(
        'multiplyAdd',
        [
          [0, source, copyBytes],
          [1, goal, goalBytes],
        ],
        { groups, times: 1, constants: { turns } },
      ),
    },
    {
      name: `copy of ${copyBytes / 2 ** 20} MiB`,
      measures: 'copy',
      work: copies * 2 * copyBytes,
      unit: 'byte',
      run: await repeated(
        'copy',
        [
          [0, source, copyBytes],
          [1, goal, copyBytes],
        ],
        { groups: copyGroups, times: copies },
      ),
    },
  ]
  for (const { run } of probes) await run()
  const refusal = await device.popErrorScope()
  if (refusal !== null) throw new Error(`the device refuses the bench's probes: ${refusal.message}`)
  return { probes, dispose: () => device.destroy() }
}
