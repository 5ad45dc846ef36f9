// The adapter of the tests: a GPU's where a Vulkan driver is configured, else SwiftShader, which Debian's Chromium brings.

import { existsSync, readdirSync } from 'node:fs'
import { hasCode } from '@rnn/core'
import { webgpu } from '@rnn/backend-webgpu'
import type { WebgpuBackend, WebgpuOptions } from '@rnn/backend-webgpu'

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d']

/** A backend for a test. */
export function makeWebgpu(options: WebgpuOptions = {}): Promise<WebgpuBackend> {
  const configured = DRIVERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0)
  // The Vulkan loader reads its environment when the first adapter is asked for.
  if (!configured && existsSync(SWIFTSHADER)) process.env['VK_DRIVER_FILES'] ??= SWIFTSHADER
  return webgpu(options)
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
