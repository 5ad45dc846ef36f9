/** The registry of workloads: a new family is one file and one line here. */

import { BenchError } from '../errors.ts'
import { add, matmul } from './arrays.ts'
import { cellsTrain } from './cells-train.ts'
import { recurrent } from './recurrent.ts'
import { scanLinear } from './scan-linear.ts'
import { scanTrain } from './scan-train.ts'
import { seq2seqTrain } from './seq2seq-train.ts'
import { step } from './step.ts'
import { textTrain } from './text-train.ts'
import type { Workload, WorkloadFamily } from './workload.ts'

const FAMILIES: readonly WorkloadFamily[] = [
  recurrent,
  step,
  textTrain,
  seq2seqTrain,
  scanLinear,
  scanTrain,
  cellsTrain,
  matmul,
  add,
]

/** The ids that a bench without `--only` runs. */
export const defaultWorkloads: readonly string[] = FAMILIES.flatMap((family) => family.defaults)

/** @throws E_WORKLOAD for an id that no family knows */
export function findWorkload(id: string): Workload {
  for (const family of FAMILIES) {
    const workload = family.parse(id)
    if (workload !== undefined) return workload
  }
  throw new BenchError(
    'E_WORKLOAD',
    `there is no workload '${id}'`,
    `take ${defaultWorkloads.join(', ')}, or other sizes in the forms ${FAMILIES.map((family) => family.form).join(', ')}`,
  )
}
