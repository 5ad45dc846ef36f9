// @rnn/backend-cpu: plain TypeScript kernels for @rnn, the readable reference backend, and fast for what it is.

export { cpu } from './cpu.ts'
export type { CpuOptions } from './cpu.ts'
