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
  readonly env: { readonly wasm: { numThreads?: number } }
}

/** Loads a package of ONNX Runtime, and gives what makes sessions on one thread with all of its graph optimisations. */
export function loadOrt(
  require: NodeJS.Require,
  packageName: string,
  executionProvider: string,
): { readonly ort: OnnxRuntime; readonly create: (model: Uint8Array) => Promise<OrtSession> } {
  const ort = require(packageName) as OnnxRuntime
  ort.env.wasm.numThreads = 1
  const options = {
    executionProviders: [executionProvider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  }
  return { ort, create: (model) => ort.InferenceSession.create(model, options) }
}
