/** The program of the page: prepares a task with a library on WebGPU, gives outputs, and times runs, as the subject's process asks. */

import { timeRuns } from '../process/time-runs.ts'
import { deviceProbes, type DeviceProbes } from '../subjects/device-probes.ts'
import type { Device, Implementation, Outputs, Probe, RunLimits } from '../subjects/subject.ts'
import type { Task } from '../workloads/workload.ts'
import { LIBRARIES, type LibraryName } from './libraries.ts'

/** An implementation as the process knows it: its place in the list is its number. */
export type PageImplementation = Pick<Implementation, 'name' | 'equation' | 'timed'>

/** What the page can do for a task. */
export type PagePreparation =
  | {
      readonly device: Device
      readonly implementations: readonly PageImplementation[]
      readonly first: number
      /** Of the device, numbered likewise by themselves. */
      readonly probes: readonly Pick<Probe, 'name' | 'measures' | 'work' | 'unit'>[]
    }
  | { readonly cannot: string }

const prepared: Implementation[] = []
let ofDevice: Promise<DeviceProbes> | undefined

/** Prepares a task; its implementations are numbered from `first`. */
export async function prepare(library: LibraryName, task: Task): Promise<PagePreparation> {
  const device = await findDevice()
  if (device === undefined) return { cannot: 'Chromium has WebGPU, but no adapter: no GPU driver answers' }
  const implementations = await LIBRARIES[library](task)
  if ('cannot' in implementations) return implementations
  const first = prepared.length
  prepared.push(...implementations)
  ofDevice ??= deviceProbes(navigator.gpu, device.software)
  const { probes } = await ofDevice
  return {
    device,
    implementations: implementations.map(({ name, equation, timed }) => ({ name, equation, timed })),
    first,
    probes: probes.map((each) => ({ name: each.name, measures: each.measures, work: each.work, unit: each.unit })),
  }
}

/** What the first run of an implementation gives. */
export function outputs(index: number): Promise<Outputs> {
  return implementation(index).outputs()
}

/** Milliseconds of each run, by the page's own clock. */
export function run(index: number, limits: RunLimits): Promise<readonly number[]> {
  return timeRuns(implementation(index), limits)
}

/** The same of a probe. */
export async function runProbe(index: number, limits: RunLimits): Promise<readonly number[]> {
  const probe = (await ofDevice)?.probes[index]
  if (probe === undefined) throw new Error(`no probe ${index}`)
  return timeRuns(probe, limits)
}

function implementation(index: number): Implementation {
  const found = prepared[index]
  if (found === undefined) throw new Error(`no implementation ${index}`)
  return found
}

async function findDevice(): Promise<Device | undefined> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) return undefined
  const { vendor, architecture, description, device, isFallbackAdapter } = adapter.info
  const parts = [vendor, architecture, description || device].filter((part) => part !== '')
  const name = parts.join(' ') || 'GPU'
  const software = isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(name)
  const [version = 'Chromium'] = /Chrom(?:e|ium)\/\d+/.exec(navigator.userAgent) ?? []
  return { name: `${name}, in ${version.replace(/^Chrome/, 'Chromium').replace('/', ' ')}`, software }
}
