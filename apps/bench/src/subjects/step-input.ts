/** The inputs of a stream, one step after another. */

import type { Outputs } from './subject.ts'

/** Hands out the steps of a sequence `[T, I]` one by one, and begins again after the last. */
export function cycledSteps(sequence: Float32Array, size: number): () => Float32Array {
  const steps = stepsOf(sequence, size)
  let at = 0
  return () => {
    const step = steps[at]!
    at = (at + 1) % steps.length
    return step
  }
}

/** Runs a stream over a sequence and puts its outputs together. */
export async function firstSteps(
  sequence: Float32Array,
  size: number,
  run: (input: Float32Array) => Promise<Float32Array>,
): Promise<Outputs> {
  const outputs: number[] = []
  for (const step of stepsOf(sequence, size)) outputs.push(...(await run(step)))
  return { values: { sequence: Float32Array.from(outputs) } }
}

function stepsOf(sequence: Float32Array, size: number): Float32Array[] {
  return Array.from({ length: sequence.length / size }, (_, t) => sequence.slice(t * size, (t + 1) * size))
}
