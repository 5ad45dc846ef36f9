/** Says which adapter is here, and writes `adapter.json`: `node show-adapter.ts FOLDER`. Exit code 1 without one. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { webgpu } from '@rnn/backend-webgpu'
import { create } from 'webgpu'

const [folder = '.'] = process.argv.slice(2)

try {
  const backend = await webgpu({ powerPreference: 'high-performance' })
  const { device, software, limits } = backend.info
  await backend.dispose()
  // Dawn crashes where a GPU object is collected before what came from it: this one lives to the end.
  const gpu = create([])
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  const { vendor = '', architecture = '', description = '', device: model = '' } = adapter?.info ?? {}
  const found = { device, software, vendor, architecture, model, description, ...limits }
  writeFileSync(join(folder, 'adapter.json'), `${JSON.stringify(found, undefined, 2)}\n`)
  console.log(`adapter: ${device}${software ? ', IN SOFTWARE: the times below say nothing about speed' : ''}`)
  process.exit(gpu === undefined ? 1 : 0)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
