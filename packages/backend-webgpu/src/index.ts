// WGSL kernels on WebGPU: whole sequences on the GPU, in the browser and in Node.

export { webgpu } from './webgpu.ts'
export type { WebgpuBackend, WebgpuOptions, WebgpuStats } from './webgpu.ts'
