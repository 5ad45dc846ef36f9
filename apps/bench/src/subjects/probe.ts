/** The machine itself: how fast WebAssembly multiplies and adds, and how fast it reads memory. */

import type { Subject } from './subject.ts'

/** One thread of WebAssembly that does nothing but multiply and add in registers; and one that does nothing but read. */
export const probe: Subject = {
  id: 'probe',
  title: 'the peak of one wasm thread',
  threads: 1,
  missing: () => undefined,
  async prepare() {
    const { machineProbes } = await import('./probe/probes.ts')
    return { probes: await machineProbes() }
  },
}
