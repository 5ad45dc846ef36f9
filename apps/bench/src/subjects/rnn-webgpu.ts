/** This project on its WebGPU backend, in Node on Dawn. */

import { missingPackage } from './packages.ts'
import type { Subject } from './subject.ts'
import { useAnyDriver } from './rnn/vulkan-driver.ts'

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
    const { deviceProbes } = await import('./rnn/device-probes.ts')
    const { rnnImplementations } = await import('./rnn/implementations.ts')
    try {
      const backend = await webgpu({ powerPreference: 'high-performance' })
      const { device, software } = backend.info
      return {
        device: { name: device, software },
        implementations: await rnnImplementations(backend, task),
        probes: deviceProbes(backend),
        dispose: () => backend.dispose(),
      }
    } catch (error) {
      if (hasCode(error, 'E_UNSUPPORTED')) return { cannot: (error as Error).message }
      throw error
    }
  },
}
