// Finds a GPU and opens a device on it: the caller's own, the browser's, or Dawn's in Node.

import { RnnError } from '@rnn/core'

/** What a device offers, as far as kernels ask. */
export interface Offer {
  /** Vendor, architecture and description, as the adapter names itself. */
  readonly device: string
  /** True for an adapter that imitates a GPU in software. */
  readonly software: boolean
  /** Subgroups that shaders can tell apart (`subgroup_id`). */
  readonly subgroups: boolean
  readonly maxBufferBytes: number
  readonly workgroupBytes: number
  readonly invocations: number
  readonly storageBuffers: number
  readonly workgroupsPerDimension: number
  readonly uniformAlignment: number
}

/** A device with what it offers. */
export interface OpenDevice {
  /** To be held as long as the device: Dawn in Node crashes once it is collected. */
  readonly gpu: GPU
  readonly device: GPUDevice
  readonly offer: Offer
}

/** How to find the device. */
export interface DeviceOptions {
  readonly gpu?: GPU
  readonly powerPreference?: GPUPowerPreference
}

/** What every WebGPU device has (WebGPU specification, section 3.6.2): we never need more of these to run at all. */
const STORAGE_BUFFERS_NEEDED = 8
const WORKGROUP_BYTES_NEEDED = 16384

const OTHERWISE = 'use @rnn/backend-wasm, which runs everywhere'

/**
 * Opens a device with the adapter's own limits where they pass the default ones.
 *
 * @throws E_UNSUPPORTED without WebGPU, without an adapter, or with a device that is too small
 */
export async function openDevice(options: DeviceOptions): Promise<OpenDevice> {
  const gpu = options.gpu ?? (await findGpu())
  const adapter = await requestAdapter(gpu, options.powerPreference)
  const { limits, features, info } = adapter
  if (
    limits.maxStorageBuffersPerShaderStage < STORAGE_BUFFERS_NEEDED ||
    limits.maxComputeWorkgroupStorageSize < WORKGROUP_BYTES_NEEDED
  ) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'webgpu',
      problem:
        `'${nameOf(info)}' offers ${limits.maxStorageBuffersPerShaderStage} storage buffers and ${limits.maxComputeWorkgroupStorageSize} bytes of workgroup memory; ` +
        `${STORAGE_BUFFERS_NEEDED} and ${WORKGROUP_BYTES_NEEDED} are needed`,
      fix: OTHERWISE,
    })
  }
  const wanted = (['subgroups', 'timestamp-query'] as const).filter((feature) => features.has(feature))
  const device = await adapter
    .requestDevice({
      label: '@rnn/backend-webgpu',
      requiredFeatures: wanted,
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      },
    })
    .catch((cause: unknown) => {
      throw notGiven(`'${nameOf(info)}' opens no device`, cause)
    })
  return {
    gpu,
    device,
    offer: {
      device: nameOf(info),
      software: info.isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(nameOf(info)),
      subgroups: features.has('subgroups') && languageOf(gpu).has('subgroup_id'),
      maxBufferBytes: Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize),
      workgroupBytes: device.limits.maxComputeWorkgroupStorageSize,
      invocations: device.limits.maxComputeInvocationsPerWorkgroup,
      storageBuffers: device.limits.maxStorageBuffersPerShaderStage,
      workgroupsPerDimension: device.limits.maxComputeWorkgroupsPerDimension,
      uniformAlignment: device.limits.minUniformBufferOffsetAlignment,
    },
  }
}

async function findGpu(): Promise<GPU> {
  const here = (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu
  if (here !== undefined) return here
  const inNode = (globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } }).process
    ?.versions?.node
  if (inNode === undefined) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'webgpu',
      problem:
        'there is no navigator.gpu: this browser has no WebGPU, or the page is not served over https or from localhost',
      fix: OTHERWISE,
    })
  }
  return (dawn ??= importDawn().then(({ create }) => create(['enable-dawn-features=allow_unsafe_apis'])))
}

/**
 * Dawn of this process, made once and kept for good: it crashes where a GPU object is collected before what came from it, in whatever order that happens.
 * The toggle lets timestamps and experimental features in.
 */
let dawn: Promise<GPU> | undefined

interface Dawn {
  create(options: readonly string[]): GPU
}

/** The optional peer, under a name that bundlers for the browser don't follow. */
async function importDawn(): Promise<Dawn> {
  const name = 'webgpu'
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Dawn
  } catch (cause) {
    throw new RnnError({
      code: 'E_UNSUPPORTED',
      operation: 'webgpu',
      problem: "Node has no WebGPU of its own, and the package 'webgpu' can't be loaded",
      fix: 'npm install webgpu, or pass a GPU object as `gpu`; without one, use @rnn/backend-wasm',
      cause,
    })
  }
}

async function requestAdapter(gpu: GPU, powerPreference: GPUPowerPreference | undefined): Promise<GPUAdapter> {
  const adapter = await gpu
    .requestAdapter(powerPreference === undefined ? {} : { powerPreference })
    .catch((cause: unknown) => {
      throw notGiven('there is WebGPU, but it fails to look for an adapter', cause)
    })
  if (adapter !== null) return adapter
  throw new RnnError({
    code: 'E_UNSUPPORTED',
    operation: 'webgpu',
    problem:
      'there is WebGPU, but no adapter: no GPU driver answers (in Linux: Vulkan, the package libvulkan1 and a driver)',
    fix: OTHERWISE,
  })
}

function notGiven(problem: string, cause: unknown): RnnError {
  return new RnnError({
    code: 'E_UNSUPPORTED',
    operation: 'webgpu',
    problem: `${problem}: ${cause instanceof Error ? cause.message : String(cause)}`,
    fix: OTHERWISE,
    cause,
  })
}

/** What WGSL has here beyond its core; nothing known of a GPU object that does not say. */
function languageOf({ wgslLanguageFeatures }: Partial<Pick<GPU, 'wgslLanguageFeatures'>>): ReadonlySet<string> {
  return wgslLanguageFeatures ?? new Set()
}

function nameOf(info: GPUAdapterInfo): string {
  // Dawn says the GPU's name in `device` and its driver's in `description`, Chromium either of them in `description`.
  const parts = [info.vendor, info.architecture, info.device.replace(/-+$/, ''), info.description].filter(
    (part) => part !== '',
  )
  return parts.length === 0 ? 'GPU' : parts.join(' ')
}
