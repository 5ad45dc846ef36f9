/** Which Vulkan driver Dawn finds: the one that is configured, else SwiftShader, which Debian's Chromium brings. */

import { existsSync, readdirSync } from 'node:fs'

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/nvidia/share/vulkan/icd.d']

/** Points the Vulkan loader to SwiftShader where no driver is configured. Before the first adapter is asked for. @returns whether the driver is known to be in software */
export function useAnyDriver(): boolean {
  const chosen = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES']
  if (chosen !== undefined) return chosen.includes('swiftshader')
  if (process.platform !== 'linux') return false
  if (FOLDERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0)) return false
  if (existsSync(SWIFTSHADER)) process.env['VK_DRIVER_FILES'] = SWIFTSHADER
  return true
}
