// What every layer must do beside giving the right values: the checks of `layerCases` that need no other backend to compare with.

import { valueAndGrad } from '@rnn/autodiff'
import { mean, scope, square, sub, tensor, type Backend, type Tensor } from '@rnn/core'
import { fromJSON, loadWeights, saveWeights } from '@rnn/layers'
import { check, compareBits } from '../../check.ts'
import { weightedSum } from '../../gradients.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { pseudoRandom } from '../../values.ts'
import { batchOf, differentiable, forward, prepared, trainedBy, uploadInputs, type LayerCase } from './layer-run.ts'

/** Central differences with this step: truncation of the order of 10⁻¹⁰, rounding of 10⁻¹¹. */
const STEP = 2 ** -16
/** Relative agreement of a derivative with its difference quotient; far above both errors, far below any mistake. */
const AGREEMENT = 1e-6

/** Runs them all. @throws CheckFailure */
export async function checkLayer(backend: Backend, layer: LayerCase): Promise<void> {
  await checkDifferences(layer)
  await checkCopies(backend, layer)
  await checkTraining(backend, layer)
}

/** The float64 gradient along random directions of all parameters and float32 inputs is the difference quotient. */
async function checkDifferences(layer: LayerCase): Promise<void> {
  const reference = referenceBackend()
  const model = await prepared(reference, layer)
  scope(reference, () => {
    const inputs = uploadInputs(reference, layer)
    const by = differentiable(trainedBy(model), inputs)
    const names = Object.keys(by)
    if (names.length === 0) return
    const loss = (): Tensor => weightedSum(forward(model, reference, layer, inputs), reference)
    const { gradients } = valueAndGrad((_parameters: Readonly<Record<string, Tensor>>) => loss())(by)
    const at = names.map((name) => reference.exact(by[name]!))
    const slopes = names.map((name) => reference.exact(gradients[name]!))
    for (const seed of [601, 602]) {
      const directions = at.map((values, i) => pseudoRandom(values.length, seed + i, 2))
      const valueAt = (step: number): number =>
        scope(reference, () => {
          names.forEach((name, i) => {
            const moved = at[i]!.map((value, j) => value + step * directions[i]![j]!)
            reference.setExact(by[name]!, moved)
          })
          return reference.exact(loss())[0]!
        })
      const quotient = (valueAt(STEP) - valueAt(-STEP)) / (2 * STEP)
      const terms = slopes.flatMap((values, i) => Array.from(values, (slope, j) => slope * directions[i]![j]!))
      const derivative = terms.reduce((sum, term) => sum + term, 0)
      const magnitude = terms.reduce((sum, term) => sum + Math.abs(term), 0)
      check(
        Math.abs(quotient - derivative) <= AGREEMENT * (magnitude + Math.abs(quotient)) + 1e-9,
        `the float64 gradient along a random direction is ${derivative}, its difference quotient ${quotient}`,
      )
    }
  })
  model.dispose()
}

/** A layer made of its JSON form has the same form, and with its saved weights it gives the same bits, of the shape and dtype that it says. */
async function checkCopies(backend: Backend, layer: LayerCase): Promise<void> {
  const model = await prepared(backend, layer)
  const config = JSON.stringify(model)
  const copy = fromJSON(JSON.parse(config), layer.types) as unknown as typeof model
  check(JSON.stringify(copy) === config, `its copy has the JSON form ${JSON.stringify(copy)}, not ${config}`)
  await copy.init(backend, { seed: 99 })
  await loadWeights(copy, await saveWeights(model))
  const batch = batchOf(layer)
  const { data, shape } = await model.predict(batch)
  const { data: copied } = await copy.predict(batch)
  compareBits('the output of a copy', copied, data, shape)
  check(data instanceof Float32Array && data.every(Number.isFinite), 'the output is not all finite float32')
  const { outputSize } = model
  check(
    outputSize === undefined || outputSize === shape.at(-1),
    `outputSize is ${outputSize}, the output has ${shape.at(-1)} features`,
  )
  model.dispose()
  copy.dispose()
}

/** Steps down the gradient lower the distance to other outputs. */
async function checkTraining(backend: Backend, layer: LayerCase): Promise<void> {
  const model = await prepared(backend, layer)
  const trained = trainedBy(model)
  const losses: number[] = []
  let rate: number | undefined
  for (let i = 0; i < 4 && trained.length > 0; i++) {
    const step = scope(backend, () => {
      const inputs = uploadInputs(backend, layer)
      const result = valueAndGrad((_parameters: Readonly<Record<string, Tensor>>) => {
        const output = forward(model, backend, layer, inputs)
        const targets = Float32Array.from(pseudoRandom(output.size, 611, 4))
        return mean(square(sub(output, tensor(targets, { backend, shape: output.shape }))))
      })(differentiable(trained, {}))
      return { loss: result.value, gradients: result.gradients }
    })
    const gradients = new Map<string, Float32Array>()
    for (const [path, each] of Object.entries(step.gradients)) gradients.set(path, Float32Array.from(await each.data()))
    const loss = (await step.loss.data())[0]!
    for (const each of [step.loss, ...Object.values(step.gradients)]) each.dispose()
    losses.push(loss)
    const squared = [...gradients.values()].flatMap((each) => [...each]).reduce((sum, each) => sum + each * each, 0)
    check(squared > 0, 'no parameter has a gradient')
    // To first order, each step takes at most a fortieth off the loss; where gradients are small, a plain small step.
    rate ??= Math.min(0.05, loss / (40 * squared))
    for (const { path, variable } of trained) {
      const before = await variable.value.data()
      const gradient = gradients.get(path)!
      variable.assign(Float32Array.from(before, (value, j) => value - rate! * gradient[j]!))
    }
  }
  model.dispose()
  const falls = losses.every((loss, i) => i === 0 || loss < losses[i - 1]!)
  check(falls, `the loss went ${losses.map((loss) => loss.toFixed(5)).join(', ')}`)
}
