// The variants of the backend that all tests run on.

import type { Backend } from '@rnn/core'
import { wasm } from '../src/index.ts'
import type { WasmOptions } from '../src/index.ts'

export interface BuildCase {
  readonly title: string
  readonly options: WasmOptions
}

export const BUILDS: readonly BuildCase[] = [
  { title: 'relaxed SIMD', options: { build: 'relaxed-simd' } },
  { title: 'SIMD', options: { build: 'simd' } },
  { title: 'relaxed SIMD, two threads', options: { build: 'relaxed-simd', threads: 2, grain: 1 } },
  { title: 'SIMD, three threads', options: { build: 'simd', threads: 3, grain: 1 } },
]

export function makeBackend({ options }: BuildCase): Promise<Backend> {
  return wasm(options)
}
