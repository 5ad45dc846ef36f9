// A layer as a case, with everything that any layer must do: values and gradients, `predict` and `to` against the float64 reference, and what `check-layer.ts` checks.

import { formatShape, sameShape, type Backend } from '@rnn/core'
import { caseOf, type ConformanceCase } from '../../case.ts'
import { check, compare, compareBits, relativeToLargest } from '../../check.ts'
import type { HostTensor } from '../../host-tensor.ts'
import { compositesOf } from '../../programs.ts'
import { referenceBackend } from '../../reference/backend.ts'
import { chain } from '../../tolerances.ts'
import { checkLayer } from './check-layer.ts'
import { batchOf, outcomeOn, prepared, type LayerCase } from './layer-run.ts'

export type { LayerCase } from './layer-run.ts'

/**
 * A case (two with `composite`) for a layer: its output and the gradients of its parameters and of its input are those of float64, which finite differences confirm; their shapes and
 * dtypes are what the layer says; `predict` frees what it allocates; a model that has moved gives the same bits, and so does one that was made of its JSON form and its saved
 * weights; a few steps down the gradient lower a loss.
 */
export function layerCases(id: string, title: string, layer: LayerCase): ConformanceCase[] {
  const against = async (backend: Backend, note: (ratio: number) => void): Promise<void> => {
    const expected = await outcomeOn(referenceBackend(), layer)
    const got = await outcomeOn(backend, layer)
    const compareOne = (name: string, one: HostTensor, due: HostTensor): void => {
      check(
        sameShape(one.shape, due.shape),
        `${name} has shape ${formatShape(one.shape)}, expected ${formatShape(due.shape)}`,
      )
      note(compare(name, one.values, due, relativeToLargest(due, chain(layer.roundings), layer.scale)))
    }
    compareOne('output', got.output, expected.output)
    check(got.gradients.size === expected.gradients.size, 'the layer has other parameters on the reference')
    for (const [path, gradient] of got.gradients)
      compareOne(`gradient of ${path}`, gradient, expected.gradients.get(path)!)
  }
  const cases = [
    caseOf(id, title, async ({ backend, note, another }) => {
      await against(backend, note)
      await checkPredictAndMove(backend, await another(), layer)
      await checkLayer(backend, layer)
    }),
  ]
  if (layer.composite) {
    cases.push(
      caseOf(`${id}-composite`, `${title}, as a composite`, ({ backend, note }) =>
        against(compositesOf(backend), note),
      ),
    )
  }
  return cases
}

/** `predict` frees all that it allocates; a model that has moved gives the same bits. */
async function checkPredictAndMove(backend: Backend, other: Backend, layer: LayerCase): Promise<void> {
  const model = await prepared(backend, layer)
  const batch = batchOf(layer)
  await backend.sync()
  const before = backend.stats().liveBuffers
  const here = await model.predict(batch)
  await backend.sync()
  check(backend.stats().liveBuffers === before, `predict left ${backend.stats().liveBuffers - before} buffers`)
  await model.to(other)
  const there = await model.predict(batch)
  compareBits('the output after model.to', there.data, here.data)
  model.dispose()
}
