/** Measures what one thread of WebAssembly can do at most: multiply and add, and read. */

import type { Probe } from '../subject.ts'
import { ACCUMULATORS, probeModule, READ_BYTES } from './module.ts'

/** More than last-level caches hold. */
const MEMORY_BYTES = 2 ** 28
const FIRST_BYTE = 64
const LANES = 4
/** Short calls: a function that runs cannot be replaced by its optimised version. */
const TURNS_PER_CALL = 20_000
const CALLS_PER_RUN = 200

interface ProbeExports {
  readonly memory: WebAssembly.Memory
  multiplyAdd(turns: number, unused: number): void
  read(turns: number, address: number): void
}

/** The fused multiply-add of relaxed SIMD where the engine has it, else a multiplication and an addition; and reading 256 MiB one after another. */
export async function machineProbes(): Promise<Probe[]> {
  const fused = WebAssembly.validate(probeModule(true, 1))
  const { instance } = await WebAssembly.instantiate(probeModule(fused, MEMORY_BYTES))
  const { memory, multiplyAdd, read } = instance.exports as unknown as ProbeExports // the module is ours
  new Float32Array(memory.buffer, 0, LANES).fill(0.5)
  new Float32Array(memory.buffer, 4 * LANES, LANES).fill(1)
  new Float32Array(memory.buffer, FIRST_BYTE).fill(1) // pages that were never written share one page of zeros
  const readTurns = Math.floor((MEMORY_BYTES - FIRST_BYTE) / READ_BYTES)
  return [
    {
      name: fused ? 'relaxed SIMD, fused multiply-add' : 'SIMD, multiply and add',
      measures: 'peak',
      work: CALLS_PER_RUN * TURNS_PER_CALL * ACCUMULATORS * LANES * 2,
      unit: 'flop',
      run() {
        for (let i = 0; i < CALLS_PER_RUN; i++) multiplyAdd(TURNS_PER_CALL, 0)
      },
    },
    {
      name: 'reading memory',
      measures: 'read',
      work: readTurns * READ_BYTES,
      unit: 'byte',
      run() {
        for (let turn = 0; turn < readTurns; turn += TURNS_PER_CALL) {
          read(Math.min(TURNS_PER_CALL, readTurns - turn), FIRST_BYTE + turn * READ_BYTES)
        }
      },
    },
  ]
}
