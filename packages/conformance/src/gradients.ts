// Gradients of programs: by autodiff on the backend, against autodiff on the float64 reference, which finite differences of the reference confirm.

import { valueAndGrad } from '@rnn/autodiff'
import { add, mul, scope, sum, type Backend, type Tensor } from '@rnn/core'
import { caseOf, type CaseContext, type ConformanceCase } from './case.ts'
import { check, compare, relativeToLargest } from './check.ts'
import { hostTensor, type HostTensor } from './host-tensor.ts'
import { compositesOf, input, upload, uploadAll, type Inputs, type TensorsOf } from './programs.ts'
import { referenceBackend, type ReferenceBackend } from './reference/backend.ts'
import { chain } from './tolerances.ts'
import { pseudoRandom } from './values.ts'

/** A differentiable program. */
export interface GradientProgram<I extends Inputs, C extends Inputs> {
  /** What is differentiated by; float32. */
  readonly parameters: I
  /** What is not. */
  readonly constants?: C
  /** Its results, tensors of any shape. */
  readonly run: (parameters: TensorsOf<I>, constants: TensorsOf<C>, backend: Backend) => Tensor | readonly Tensor[]
  /** Roundings on the longest path. Default: 32 and the number of elements of the parameters. */
  readonly roundings?: number
  /** Run on the backend's composites too. */
  readonly composite?: boolean
  /** Compare with finite differences; false for programs whose derivative is a convention (ties). Default: true. */
  readonly differences?: boolean
}

/** Central differences with this step: truncation of the order of 10⁻¹⁰, rounding of 10⁻¹¹. */
const STEP = 2 ** -16

/** Relative agreement of a derivative with its difference quotient; far above both errors, far below any mistake. */
const AGREEMENT = 1e-6

/** Σ over the results of Σ(result · weights): depends on every element in its own way. */
export function weightedSum(results: Tensor | readonly Tensor[], backend: Backend): Tensor {
  const tensors: readonly Tensor[] = Array.isArray(results) ? results : [results as Tensor]
  const sums = tensors.map((each, i) => sum(mul(each, upload(backend, input(each.shape, 500 + i, 1)))))
  return sums.reduce((total, each) => add(total, each))
}

/** A case (two with `composite`) for the gradients of a program. */
export function gradientCases<I extends Inputs, C extends Inputs = Record<never, never>>(
  id: string,
  title: string,
  program: GradientProgram<I, C>,
): ConformanceCase[] {
  const run = async (context: CaseContext, backend: Backend): Promise<void> => {
    const names = Object.keys(program.parameters)
    const elements = Object.values(program.parameters).reduce((total, { values }) => total + values.length, 0)
    const exact = referenceGradients(program)
    const got = await gradientsOn(backend, program)
    names.forEach((name, i) => {
      const expected = exact[i]!
      const bound = relativeToLargest(expected, chain(program.roundings ?? 32 + elements))
      context.note(compare(`gradient of ${name}`, got[i]!.values, expected, bound))
    })
  }
  const cases = [caseOf(id, title, (context) => run(context, context.backend))]
  if (program.composite)
    cases.push(
      caseOf(`${id}-composite`, `${title}, as a composite`, (context) => run(context, compositesOf(context.backend))),
    )
  return cases
}

/** Gradients of a program on a backend, read to the host. */
async function gradientsOn<I extends Inputs, C extends Inputs>(
  backend: Backend,
  program: GradientProgram<I, C>,
): Promise<HostTensor[]> {
  const gradients = scope(backend, () => differentiate(backend, program, uploadAll(backend, program.parameters)))
  try {
    return await Promise.all(gradients.map(async (each) => hostTensor(each.shape, await each.data())))
  } finally {
    for (const each of gradients) each.dispose()
  }
}

function differentiate<I extends Inputs, C extends Inputs>(
  backend: Backend,
  program: GradientProgram<I, C>,
  parameters: TensorsOf<I>,
): Tensor[] {
  const constants = constantsOf(backend, program)
  const { gradients } = valueAndGrad((watched: TensorsOf<I>) =>
    weightedSum(program.run(watched, constants, backend), backend),
  )(parameters)
  return Object.values(gradients)
}

/** Unrounded gradients by the reference, confirmed by its finite differences along random directions. */
function referenceGradients<I extends Inputs, C extends Inputs>(program: GradientProgram<I, C>): HostTensor[] {
  const reference = referenceBackend()
  return scope(reference, () => {
    const parameters = uploadAll(reference, program.parameters)
    const gradients = differentiate(reference, program, parameters).map((each) =>
      hostTensor(each.shape, reference.exact(each)),
    )
    if (program.differences ?? true)
      for (const seed of [601, 602]) checkDirection(reference, program, parameters, gradients, seed)
    return gradients
  })
}

/** The derivative along a random direction d is Σ gradient·d; every wrong or missing element shows. */
function checkDirection<I extends Inputs, C extends Inputs>(
  reference: ReferenceBackend,
  program: GradientProgram<I, C>,
  parameters: TensorsOf<I>,
  gradients: readonly HostTensor[],
  seed: number,
): void {
  const named = Object.entries(parameters)
  const directions = named.map(([name], i) => pseudoRandom(program.parameters[name]!.values.length, seed + i, 2))
  const valueAt = (step: number): number =>
    scope(reference, () => {
      named.forEach(([name, tensor], i) => {
        const { values } = program.parameters[name]!
        reference.setExact(
          tensor,
          values.map((value, j) => value + step * directions[i]![j]!),
        )
      })
      const value = weightedSum(program.run(parameters, constantsOf(reference, program), reference), reference)
      return reference.exact(value)[0]!
    })
  const quotient = (valueAt(STEP) - valueAt(-STEP)) / (2 * STEP)
  let derivative = 0
  let magnitude = 0
  gradients.forEach(({ values }, i) =>
    values.forEach((gradient, j) => {
      derivative += gradient * directions[i]![j]!
      magnitude += Math.abs(gradient * directions[i]![j]!)
    }),
  )
  const error = Math.abs(quotient - derivative)
  check(
    error <= AGREEMENT * (magnitude + Math.abs(quotient)) + 1e-9,
    `the float64 gradient along a random direction is ${derivative}, its difference quotient ${quotient}: the gradient formula is wrong, whatever the backend`,
  )
}

function constantsOf<I extends Inputs, C extends Inputs>(
  backend: Backend,
  program: GradientProgram<I, C>,
): TensorsOf<C> {
  return uploadAll(backend, program.constants ?? ({} as C)) // no constants: no names
}
