/** The registry of subjects: a new one is one file and one line here. */

import { BenchError } from '../errors.ts'
import { rnnCpu } from './rnn-cpu.ts'
import type { Subject } from './subject.ts'
import { tfjsCpu } from './tfjs-cpu.ts'

/** All subjects, in the order of the tables. */
export const subjects: readonly Subject[] = [rnnCpu, tfjsCpu]

/** The subject whose outputs the others must give. */
export const referenceSubject: Subject = rnnCpu

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

/** @throws E_MISSING_PEER when a package that the subject stands on can't be found */
export function checkInstalled(subject: Subject): void {
  for (const name of subject.packages) {
    try {
      import.meta.resolve(name)
    } catch {
      throw new BenchError(
        'E_MISSING_PEER',
        `${subject.id} needs the package ${name}, which is not installed`,
        'run `npx -y pnpm@12 install`, or leave the subject out with --subjects',
      )
    }
  }
}
