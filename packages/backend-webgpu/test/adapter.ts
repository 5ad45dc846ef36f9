// The adapter of the tests: a GPU's where a Vulkan driver is configured, else SwiftShader, which Debian's Chromium brings.

import { existsSync, readdirSync } from 'node:fs'
import { hasCode } from '@rnn/core'
import { webgpu } from '@rnn/backend-webgpu'
import type { WebgpuBackend, WebgpuOptions } from '@rnn/backend-webgpu'

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d']

/** How the adapter presents itself. */
export interface Disguise {
  /** As one in hardware, for which other kernels may be chosen. */
  readonly asHardware?: boolean
  /** As one in hardware without subgroups. */
  readonly withoutSubgroups?: boolean
}

/** A backend for a test. */
export async function makeWebgpu(
  options: WebgpuOptions = {},
  { withoutSubgroups = false, asHardware = withoutSubgroups }: Disguise = {},
): Promise<WebgpuBackend> {
  setDriver()
  return webgpu(asHardware ? { ...options, gpu: await disguised(withoutSubgroups) } : options)
}

/** The Vulkan loader reads its environment when the first adapter is asked for. */
function setDriver(): void {
  const configured = DRIVERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0)
  if (!configured && existsSync(SWIFTSHADER)) process.env['VK_DRIVER_FILES'] ??= SWIFTSHADER
}

let instance: Promise<GPU> | undefined

/** Dawn, once for a test file: it must not be collected before what came from it. */
export function dawn(): Promise<GPU> {
  setDriver()
  return (instance ??= import('webgpu').then(({ create }) => create(['enable-dawn-features=allow_unsafe_apis'])))
}

/** Dawn, with adapters that hide what they are. */
async function disguised(withoutSubgroups: boolean): Promise<GPU> {
  const gpu = await dawn()
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await gpu.requestAdapter(options)
    return (
      adapter &&
      ({
        limits: adapter.limits,
        features: withoutSubgroups ? new Set() : adapter.features,
        info: { vendor: 'test', architecture: '', device: '', description: '', isFallbackAdapter: false },
        requestDevice: (descriptor?: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
      } as unknown as GPUAdapter)
    )
  }
  return { requestAdapter, wgslLanguageFeatures: gpu.wgslLanguageFeatures } as GPU
}

/** Why there is no adapter here, or undefined where there is one. `RNN_WEBGPU=required` (continuous integration) makes its absence an error. */
export async function whyNoAdapter(): Promise<string | undefined> {
  try {
    await (await makeWebgpu()).dispose()
    return undefined
  } catch (error) {
    if (process.env['RNN_WEBGPU'] === 'required' || !hasCode(error, 'E_UNSUPPORTED')) throw error
    return (error as Error).message
  }
}
