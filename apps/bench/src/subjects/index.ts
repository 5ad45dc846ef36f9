/** The registry of subjects: a new one is one file and one line here. */

import { BenchError } from '../errors.ts'
import { brain } from './brain.ts'
import { ortNode } from './ort-node.ts'
import { ortWeb } from './ort-web.ts'
import { ortWebgpu } from './ort-webgpu.ts'
import { probe } from './probe.ts'
import { rnnCpu } from './rnn-cpu.ts'
import { rnnWasmWorker } from './rnn-wasm-worker.ts'
import { rnnWasm, rnnWasm2 } from './rnn-wasm.ts'
import { rnnWebgpu } from './rnn-webgpu.ts'
import type { Missing, Subject } from './subject.ts'
import { tfjsCpu } from './tfjs-cpu.ts'
import { tfjsWasm } from './tfjs-wasm.ts'
import { tfjsWebgpu } from './tfjs-webgpu.ts'
import { torch } from './torch.ts'

/** All subjects, in the order of the tables. */
export const subjects: readonly Subject[] = [
  rnnCpu,
  rnnWasm,
  rnnWasm2,
  rnnWasmWorker,
  rnnWebgpu,
  tfjsCpu,
  tfjsWasm,
  tfjsWebgpu,
  ortWeb,
  ortWebgpu,
  ortNode,
  brain,
  torch,
  probe,
]

/** The subject whose outputs the others must give. */
export const referenceSubject: Subject = rnnCpu

/** The subject that measures the machine; it runs whether or not it is asked for. */
export const probeSubject: Subject = probe

/** @throws E_SUBJECT for an id that isn't there */
export function findSubject(id: string): Subject {
  const subject = subjects.find((each) => each.id === id)
  if (subject !== undefined) return subject
  throw new BenchError(
    'E_SUBJECT',
    `there is no subject '${id}'`,
    `take one of ${subjects.map((each) => each.id).join(', ')}`,
  )
}

/** @throws E_MISSING_PEER when something that the subject stands on is not there */
export function checkInstalled(subject: Subject): void {
  const missing = subject.missing()
  if (missing === undefined) return
  throw new BenchError(
    'E_MISSING_PEER',
    describeMissing(subject, missing),
    `${missing.fix}, or leave the subject out with --subjects`,
  )
}

/** That something is not installed, in words. */
export function describeMissing({ id }: Subject, { what }: Missing): string {
  return `${id} needs ${what}, which is not installed`
}
