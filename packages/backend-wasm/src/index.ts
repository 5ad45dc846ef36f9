// @rnn/backend-wasm: WebAssembly kernels for @rnn, whole sequences in one call.

export { wasm } from './wasm.ts'
export type { WasmOptions } from './wasm.ts'
export type { Build } from './builds.ts'
