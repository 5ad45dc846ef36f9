// Every op of the contract by name. The type makes the table complete.

import type { FusedName, OpName } from '@rnn/core'
import type { Kernel } from '../kernel.ts'
import { fill } from './fill.ts'

/** Fused ops that run here, whatever their shapes. */
export const FUSED: readonly FusedName[] = []

export const KERNELS: { readonly [Name in OpName]?: Kernel<Name> } = {
  fill,
}
