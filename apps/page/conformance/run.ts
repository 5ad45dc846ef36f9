// Runs the conformance kit; the same in a page and in a worker.

import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import { webgpu } from '@rnn/backend-webgpu'
import { runConformance, type Report } from '@rnn/conformance'
import { FUSED_OPS, type Backend, type FusedName } from '@rnn/core'

/** The backend to try. */
export interface Subject {
  readonly backend: string
  readonly threads: number
}

/** The outcome, as little of it as a page or a test wants. */
export interface Outcome {
  readonly device: string
  readonly software: boolean
  readonly threads: number
  readonly counts: Report['counts']
  readonly failures: readonly string[]
}

/** Runs all cases on backends that `make` makes; default: the subject, on the thread of the caller. */
export async function run(
  subject: Subject,
  onCase: (done: number) => void,
  make: () => Backend | Promise<Backend> = () => makeBackend(subject),
): Promise<Outcome> {
  let done = 0
  // Cells with options go step by step on a GPU.
  const isFused = (op: FusedName): boolean => subject.backend !== 'webgpu' || !op.startsWith('recurrentVariant')
  const report = await runConformance(make, { fused: FUSED_OPS.filter(isFused), onResult: () => onCase(++done) })
  return {
    device: report.backend.info.device,
    software: report.backend.info.software,
    threads: report.backend.info.threads,
    counts: report.counts,
    failures: report.results.filter(({ status }) => status === 'failed').map(({ id, message }) => `${id}: ${message}`),
  }
}

function makeBackend({ backend, threads }: Subject): Backend | Promise<Backend> {
  switch (backend) {
    case 'cpu':
      return cpu()
    case 'webgpu':
      return webgpu()
    default:
      return wasm({ threads })
  }
}
