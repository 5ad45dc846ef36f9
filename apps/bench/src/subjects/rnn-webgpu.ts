/** This project on its WebGPU backend, in Node on Dawn. */

import type { DeviceProbes } from './device-probes.ts'
import { missingPackage } from './packages.ts'
import type { Subject } from './subject.ts'
import { useAnyDriver } from './rnn/vulkan-driver.ts'

/** One for the process, and never collected: Dawn crashes where that happens before what came from it is gone. */
let dawn: GPU | undefined
/** Once for the process: they hold large buffers. */
let ofDevice: Promise<DeviceProbes> | undefined

/** The packages of this project on `@rnn/backend-webgpu`. */
export const rnnWebgpu: Subject = {
  id: 'rnn-webgpu',
  title: '@rnn on backend-webgpu, in Node',
  threads: 1,
  missing: () =>
    missingPackage(['@rnn/core', '@rnn/autodiff', '@rnn/layers', '@rnn/train', '@rnn/backend-webgpu', 'webgpu']),
  leavesOut: () =>
    useAnyDriver() ? 'there is no GPU driver here, and in software its times would mean nothing' : undefined,
  async prepare(task) {
    useAnyDriver()
    const { hasCode } = await import('@rnn/core')
    const { webgpu } = await import('@rnn/backend-webgpu')
    const { create } = await import('webgpu')
    const { deviceProbes } = await import('./device-probes.ts')
    const { matmulProbe } = await import('./rnn/matmul-probe.ts')
    const { rnnImplementations } = await import('./rnn/implementations.ts')
    try {
      dawn ??= create(['enable-dawn-features=allow_unsafe_apis'])
      const backend = await webgpu({ gpu: dawn, powerPreference: 'high-performance' })
      const { device, software } = backend.info
      ofDevice ??= deviceProbes(dawn, software)
      const own = await ofDevice
      return {
        device: { name: device, software },
        implementations: await rnnImplementations(backend, task),
        probes: [...own.probes, matmulProbe(backend)],
        async dispose() {
          own.dispose()
          await backend.dispose()
        },
      }
    } catch (error) {
      if (hasCode(error, 'E_UNSUPPORTED')) return { cannot: (error as Error).message }
      throw error
    }
  },
}
