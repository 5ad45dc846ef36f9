// Computations that say themselves how their gradients follow: where what a tape would do by itself costs too much memory or time.

import { detach } from './ops/views.ts'
import { recorderOf, type CustomBackward } from './recorder.ts'
import { scope } from './scope.ts'
import type { Tensor } from './tensor.ts'

/** What the computation handed to `customGradient` gives. */
export interface CustomResult {
  /** New tensors that nothing follows. */
  readonly outputs: readonly Tensor[]
  /** What `backward` reads, beside what its closure holds on the host. */
  readonly saved: readonly Tensor[]
  readonly backward: CustomBackward
}

/**
 * Runs `compute` on aliases of `inputs` that no tape follows, and records it as one step with the gradients that its `backward` gives.
 *
 * ```ts
 * const [y] = customGradient('double', [x], ([each]) => ({
 *   outputs: [mul(each, 2)],
 *   saved: [],
 *   backward: ([gradient = null]) => [gradient && mul(gradient, 2)],
 * }))
 * ```
 *
 * @param compute is told which inputs want a gradient (none, where no tape is open), and need not prepare others
 * @returns the outputs; they belong to the caller's scope
 * @throws E_NESTED_GRADIENT when two tapes follow the inputs
 */
export function customGradient(
  operation: string,
  inputs: readonly Tensor[],
  compute: (inputs: readonly Tensor[], wanted: readonly boolean[]) => CustomResult,
): readonly Tensor[] {
  const [first] = inputs
  if (first === undefined) return []
  const recorder = recorderOf(operation, inputs)
  return scope(first.backend, () => {
    const wanted = inputs.map(({ tracker }) => recorder !== undefined && tracker?.recorder === recorder)
    const { outputs, saved, backward } = compute(inputs.map(detach), wanted)
    recorder?.record({ op: 'custom', inputs, outputs, attributes: { saved, backward } }, operation)
    return outputs
  })
}
