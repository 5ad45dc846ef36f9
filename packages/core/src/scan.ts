// Runs a cell over a sequence: as one fused op where cell and backend allow it, else step by step, at a cost linear in time.

import type { Cell, Parameters } from './cells/cell.ts'
import { RnnError } from './errors.ts'
import { fusedScan, type PreparedScan, type ScanResult } from './fused/recurrent.ts'
import { linearCellScan } from './linear-cell-scan.ts'
import { add, less, mul } from './ops/binary.ts'
import { checkDType, checkRank, checkShape, checkTensors } from './ops/checks.ts'
import { arange, zeros } from './ops/creation.ts'
import { stack } from './ops/layout.ts'
import { select } from './ops/select.ts'
import { reshape, unstack } from './ops/views.ts'
import { scope } from './scope.ts'
import type { Shape } from './shape.ts'
import { Tensor } from './tensor.ts'

/** Options of `scan`. */
export interface ScanOptions {
  /** The size from which the cell makes all others; of most cells the width of the hidden state. */
  readonly units: number
  /** The state before the first step, `[B, width]` each. Default: zeros. */
  readonly initial?: readonly Tensor[] | undefined
  /** int32 `[B]`, 0 … T: outputs past a row's end are zero, the final state is the one at its end. Default: all T. */
  readonly lengths?: Tensor | undefined
  /** Walk each row from its own last step to its first. Default: false. */
  readonly reverse?: boolean
  /** x is `[T, B, I]`. Default: false. */
  readonly timeMajor?: boolean
  /** `[B, H]`, H the width of the hidden state: multiplies it where it enters the recurrent product, the same at every step (recurrent dropout). */
  readonly hiddenMask?: Tensor | undefined
  /**
   * How much of each state a step leaves as it was (zoneout, Krueger et al. 2017): a bool tensor `[B, T, width]` (`[T, B, width]` when time-major) that is true
   * where the element stays, or one share for all, the expectation. Such a sequence runs step by step, but for a linear cell. Default: nothing.
   */
  readonly zoneout?: readonly (Tensor | number | undefined)[] | undefined
}

/**
 * Runs `cell` over the time steps of `x`.
 *
 * ```ts
 * const { sequence, final: [hidden] } = scan(gruCell, x, parameters, { units: 128, lengths })
 * ```
 *
 * @param x float32 `[B, T, I]`
 * @param parameters tensors by the names and with the shapes of `cell.parameters(I, units)`
 * @returns `sequence [B, T, H]` and the final states `[B, width]`; they belong to the caller's scope
 * @throws E_SHAPE, E_DTYPE, E_VALUE for arguments that don't fit
 */
export function scan(cell: Cell, x: Tensor, parameters: Parameters, options: ScanOptions): ScanResult {
  const { units, initial, lengths, reverse = false, timeMajor = false, hiddenMask, zoneout } = options
  const operation = cell.kind
  checkTensors(operation, [x, ...Object.values(parameters), ...(initial ?? []), lengths, hiddenMask])
  checkDType(operation, 'x', x, 'float32')
  checkRank(operation, 'x', x, 3, timeMajor ? '[time, batch, features]' : '[batch, time, features]')
  const batch = x.shape[timeMajor ? 1 : 0] ?? 0
  checkParameters(cell, x, parameters, units)
  checkState(cell, initial, batch, units)
  if (lengths !== undefined) {
    checkDType(operation, 'lengths', lengths, 'int32')
    checkShape(operation, 'lengths', lengths, [batch])
  }
  if (hiddenMask !== undefined) {
    checkDType(operation, 'hiddenMask', hiddenMask, 'float32')
    checkShape(operation, 'hiddenMask', hiddenMask, [batch, cell.stateSizes(units)[0] ?? units])
    if (cell.step.length < 4) throw noPlaceForMask(cell)
  }
  checkZoneout(cell, zoneout, x.shape.slice(0, 2), units)

  return scope(x.backend, () => {
    const projected = cell.project?.(x, parameters) ?? x
    const prepared = { cell, projected, parameters, units, initial, lengths, reverse, timeMajor, hiddenMask, zoneout }
    return fusedScan(prepared) ?? linearCellScan(prepared) ?? stepwiseScan(prepared, batch)
  })
}

/** The generic scan: unstack once, step, stack once. */
function stepwiseScan(prepared: PreparedScan, batch: number): ScanResult {
  const { cell, projected, units, initial, lengths, reverse, timeMajor, hiddenMask, zoneout } = prepared
  const { backend } = projected
  const parameters = { ...prepared.parameters, ...cell.constants?.(backend, batch) }
  const timeAxis = timeMajor ? 0 : 1
  const steps = unstack(projected, timeAxis)
  const kept = zoneout?.map((each) => (each instanceof Tensor ? unstack(each, timeAxis) : each))
  const masks = lengths && stepMasks(lengths, steps.length, batch)
  const outputs = new Array<Tensor>(steps.length)
  // Views of the caller's tensors: what is freed on the way, or given back at the end, must never be those themselves.
  let state: readonly Tensor[] =
    initial?.map((each) => reshape(each, each.shape)) ??
    cell.stateSizes(units).map((width) => zeros([batch, width], { backend }))
  let output: Tensor | undefined
  for (let i = 0; i < steps.length; i++) {
    const t = reverse ? steps.length - 1 - i : i
    const before = state
    const mask = masks?.[t]
    const lastOutput = output
    const [nextOutput, after] = scope(backend, (): readonly [Tensor, readonly Tensor[]] => {
      const next = advance(steps[t], before, t)
      const [hidden] = next
      if (mask === undefined) return [hidden, next]
      // Past a row's end the state stands still, and what the row gives is zero. In reverse it stands still until the row begins.
      return [select(mask, hidden, 0), next.map((each, s) => select(mask, each, before[s] ?? each))]
    })
    // States that nothing will read again; a tape holds aliases of what it needs.
    for (const each of before) {
      if (each !== lastOutput && !after.includes(each)) each.dispose()
    }
    outputs[t] = output = nextOutput
    state = after
  }
  if (steps.length === 0) {
    const width = cell.stateSizes(units)[0] ?? units
    return { sequence: zeros([...projected.shape.slice(0, 2), width], { backend }), final: state }
  }
  return { sequence: stack(outputs, timeAxis), final: state }

  function advance(
    projectedStep: Tensor | undefined,
    before: readonly Tensor[],
    t: number,
  ): readonly [Tensor, ...Tensor[]] {
    const [hidden] = before
    if (projectedStep === undefined || hidden === undefined) throw stateMismatch(cell, 0, units)
    const fed = hiddenMask === undefined ? hidden : mul(hidden, hiddenMask)
    const [first, ...rest] = cell.step(projectedStep, before, parameters, fed)
    if (first === undefined || rest.length + 1 !== before.length)
      throw stateMismatch(cell, first === undefined ? 0 : rest.length + 1, units)
    if (kept === undefined) return [first, ...rest]
    const zonedOut = (next: Tensor, s: number): Tensor => {
      const [old, own] = [before[s], kept[s]]
      if (old === undefined || own === undefined) return next
      if (typeof own === 'number') return add(mul(next, 1 - own), mul(old, own))
      const mask = own[t]
      return mask === undefined ? next : select(mask, old, next)
    }
    return [zonedOut(first, 0), ...rest.map((each, s) => zonedOut(each, s + 1))]
  }
}

function noPlaceForMask({ kind, recurrence }: Cell): RnnError {
  return new RnnError({
    code: 'E_UNSUPPORTED',
    operation: kind,
    problem: 'this cell has no place for recurrent dropout',
    fix:
      recurrence === undefined
        ? 'let its step take a fourth parameter, the hidden state with the mask on it, and use that in the recurrent product'
        : 'it has no recurrent product: use zoneout, or dropout between layers',
  })
}

function checkZoneout(cell: Cell, zoneout: ScanOptions['zoneout'], steps: Shape, units: number): void {
  cell.stateSizes(units).forEach((width, s) => {
    const each = zoneout?.[s]
    if (each instanceof Tensor) {
      checkTensors(cell.kind, [each])
      checkDType(cell.kind, `zoneout of state ${s}`, each, 'bool')
      checkShape(cell.kind, `zoneout of state ${s}`, each, [...steps, width])
    } else if (each !== undefined && !(each >= 0 && each <= 1)) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: cell.kind,
        problem: `zoneout of state ${s} is ${each}`,
        fix: 'give a share from 0 to 1',
      })
    }
  })
}

/** One bool mask `[B, 1]` for each time step: whether the row still runs there. Time comes first, so that each mask is contiguous. */
function stepMasks(lengths: Tensor, time: number, batch: number): Tensor[] {
  const positions = reshape(arange(time, { backend: lengths.backend }), [time, 1, 1])
  return unstack(less(positions, reshape(lengths, [1, batch, 1])), 0)
}

function checkParameters(cell: Cell, x: Tensor, parameters: Parameters, units: number): void {
  const specs = cell.parameters(x.shape[2] ?? 0, units)
  for (const [name, { shape }] of Object.entries(specs)) {
    const given = parameters[name]
    if (given === undefined) {
      throw new RnnError({
        code: 'E_VALUE',
        operation: cell.kind,
        problem: `parameter '${name}' is missing`,
        fix: `give ${Object.keys(specs).join(', ')}`,
      })
    }
    checkDType(cell.kind, name, given, 'float32')
    checkShape(cell.kind, name, given, shape)
  }
}

function checkState(cell: Cell, initial: readonly Tensor[] | undefined, batch: number, units: number): void {
  if (initial === undefined) return
  const widths = cell.stateSizes(units)
  if (initial.length !== widths.length) throw stateMismatch(cell, initial.length, units)
  initial.forEach((each, i) => {
    checkDType(cell.kind, `initial state ${i}`, each, 'float32')
    checkShape(cell.kind, `initial state ${i}`, each, [batch, widths[i] ?? units])
  })
}

function stateMismatch(cell: Cell, got: number, units: number): RnnError {
  const expected = cell.stateSizes(units).length
  return new RnnError({
    code: 'E_SHAPE',
    operation: cell.kind,
    problem: `${got} state tensor${got === 1 ? '' : 's'}, expected ${expected}`,
    fix: 'stateSizes, step and the initial state must agree',
  })
}
