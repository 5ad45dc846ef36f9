/** Loads ONNX Runtime, whose two packages have one interface, on one thread. */

/** A tensor of ONNX Runtime. */
export interface OrtTensor {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** A loaded model. */
export interface OrtSession {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>
}

/** What the bench uses of `onnxruntime-web` and `onnxruntime-node`. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OrtSession>
  }
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor
  readonly env: { readonly wasm: { numThreads?: number; wasmPaths?: string } }
}

/** ONNX Runtime with what makes sessions. */
export interface OrtRuntime {
  readonly ort: OnnxRuntime
  readonly provider: string
  readonly create: (model: Uint8Array) => Promise<OrtSession>
}

/** Sessions on an execution provider, on one thread, with all graph optimisations. */
export function runtimeOf(ort: OnnxRuntime, executionProvider: string): OrtRuntime {
  ort.env.wasm.numThreads = 1
  const options = {
    executionProviders: [executionProvider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // What the provider can't do shall fail, not run on the processor in its name.
    ...(executionProvider === 'webgpu' && { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
  }
  return { ort, provider: executionProvider, create: (model) => ort.InferenceSession.create(model, options) }
}
