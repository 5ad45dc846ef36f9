// The cpu backend with the faults that the test asks for.

import { cpu } from '@rnn/backend-cpu'
import { serve } from '@rnn/backend-worker/serve'
import { decorate, RnnError, type Backend, type OpName } from '@rnn/core'

export interface Faults {
  /** The thread ends in the middle of this. */
  readonly dieIn?: 'read' | 'run' | 'dispose'
  /** The call throws something that is no RnnError. */
  readonly throwIn?: OpName
  /** `supports` decides by shape: sequences of this many steps at most. */
  readonly maxSteps?: number
  /** `allocate` refuses more bytes than these. */
  readonly maxBytes?: number
}

serve(async ({ dieIn, throwIn, maxSteps, maxBytes = Infinity }: Faults): Promise<Backend> => {
  const inner = await cpu()
  return decorate(inner, {
    run(call) {
      if (dieIn === 'run') process.exit(3)
      if (call.op === throwIn) throw new TypeError('kernels are broken')
      inner.run(call)
    },
    async read(ranges) {
      if (dieIn === 'read') process.exit(3)
      return inner.read(ranges)
    },
    async dispose() {
      if (dieIn === 'dispose') process.exit(3)
      return inner.dispose()
    },
    allocate(byteLength, role) {
      if (byteLength > maxBytes) {
        throw new RnnError({
          code: 'E_OUT_OF_MEMORY',
          operation: 'allocate',
          problem: `${byteLength} bytes asked`,
          fix: 'free tensors',
        })
      }
      return inner.allocate(byteLength, role)
    },
    async prepare() {},
    ...(maxSteps !== undefined && {
      supports: (call) => {
        const steps = call.inputs[0]?.shape[1] ?? 0
        return steps <= maxSteps || { reason: `${steps} steps are more than ${maxSteps}` }
      },
    }),
  })
})
