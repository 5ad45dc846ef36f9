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
]

export function makeBackend({ options }: BuildCase): Promise<Backend> {
  return wasm(options)
}
