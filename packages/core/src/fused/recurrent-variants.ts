// Which cells with options a backend may run as a whole sequence.

import type { CellActivationOptions } from '../cells/activations.ts'
import type { RecurrentVariantAttributes, RecurrentVariantKind } from '../contract/fused-ops.ts'

/** The cell of the fused op, and the function of its gates. */
export type VariantForm = Pick<RecurrentVariantAttributes, 'cell' | 'gate'>

// By step function: a cell with a step of its own under the name and with the options of one of ours is not found.
const FORMS: WeakMap<object, VariantForm> = /* @__PURE__ */ new WeakMap()

/**
 * Notes that whole sequences of a cell made here may run as `kind`, where its functions are those that the op has.
 *
 * @returns the cell
 */
export function fusedAs<Cell extends { readonly step: object }>(
  cell: Cell,
  kind: RecurrentVariantKind,
  { activation = 'tanh', recurrentActivation: gate = 'sigmoid', clip }: CellActivationOptions,
): Cell {
  const known = gate === 'sigmoid' || gate === 'hardSigmoid'
  if (known && activation === 'tanh' && clip === undefined) FORMS.set(cell.step, { cell: kind, gate })
  return cell
}

/** What the cell with this step runs as; undefined for all that are not one of ours. */
export function variantOf(step: object): VariantForm | undefined {
  return FORMS.get(step)
}
