// A GPU that computes nothing: it finishes work, maps buffers, refuses things and goes away when a test says so.

/** Error scopes by what they catch. */
export type ScopeKind = 'validation' | 'out-of-memory' | 'internal'

/** How the device behaves, and what it was asked. */
export interface FakeGpu {
  readonly gpu: GPU
  /** What was asked, in order: `submit`, `write`, `create 64`, `destroy 64`. */
  readonly asked: string[]
  /** False: nothing that is submitted ends, until `finish`. */
  busy: boolean
  /** Ends the oldest submission. */
  finish(): void
  /** The error scope of this kind that is popped next says so. */
  refuse(kind: ScopeKind, message: string): void
  /** From now on maps reject, as they do on a lost device. */
  breakMaps(message: string): void
  /** Resolves `device.lost`. */
  lose(message: string): void
  /** Ends maps that were held back by `holdMaps`. */
  releaseMaps(): void
  holdMaps: boolean
}

const LIMITS = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  minUniformBufferOffsetAlignment: 256,
}

/** A fake GPU with the default limits. */
export function fakeGpu(): FakeGpu {
  const asked: string[] = []
  const unfinished: (() => void)[] = []
  const heldMaps: (() => void)[] = []
  const scopes: ScopeKind[] = []
  const refusals: { readonly kind: ScopeKind; readonly message: string }[] = []
  let broken: string | undefined
  let lost: (info: { reason: string; message: string }) => void = () => {}

  const buffer = ({ size }: { readonly size: number }) => ({
    mapAsync: async () => {
      if (fake.holdMaps) await new Promise<void>((resolve) => heldMaps.push(resolve))
      if (broken !== undefined) throw new Error(broken)
    },
    getMappedRange: (_offset: number, length: number) => new ArrayBuffer(length),
    unmap: () => {},
    destroy: () => asked.push(`destroy ${size}`),
  })
  const encoder = () => ({
    beginComputePass: () => ({
      setPipeline: () => {},
      setBindGroup: () => {},
      dispatchWorkgroups: () => {},
      end: () => {},
    }),
    copyBufferToBuffer: () => {},
    clearBuffer: () => {},
    finish: () => ({}),
  })
  const device = {
    limits: LIMITS,
    lost: new Promise((resolve) => (lost = resolve)),
    destroy: () => lost({ reason: 'destroyed', message: '' }),
    createBuffer: (descriptor: { readonly size: number }) => {
      asked.push(`create ${descriptor.size}`)
      return buffer(descriptor)
    },
    createBindGroupLayout: () => ({}),
    createBindGroup: () => ({}),
    createPipelineLayout: () => ({}),
    createShaderModule: () => ({}),
    createComputePipelineAsync: () => Promise.resolve({}),
    createCommandEncoder: encoder,
    pushErrorScope: (kind: ScopeKind) => scopes.push(kind),
    popErrorScope: () => {
      const kind = scopes.pop()
      const at = refusals.findIndex((refusal) => refusal.kind === kind)
      return Promise.resolve(at < 0 ? null : refusals.splice(at, 1)[0])
    },
    queue: {
      writeBuffer: () => asked.push('write'),
      submit: () => asked.push('submit'),
      onSubmittedWorkDone: () =>
        fake.busy ? new Promise<void>((resolve) => unfinished.push(resolve)) : Promise.resolve(),
    },
  }
  const adapter = {
    limits: LIMITS,
    features: new Set(),
    info: { vendor: 'fake', architecture: '', device: '', description: '', isFallbackAdapter: false },
    requestDevice: () => Promise.resolve(device),
  }
  const fake: FakeGpu = {
    gpu: { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU,
    asked,
    busy: false,
    holdMaps: false,
    finish: () => unfinished.shift()?.(),
    refuse: (kind, message) => refusals.push({ kind, message }),
    breakMaps: (message) => (broken = message),
    lose: (message) => lost({ reason: 'unknown', message }),
    releaseMaps: () => heldMaps.splice(0).forEach((release) => release()),
  }
  return fake
}
