// All recurrent layers: a cell, stacked or not, in one direction or both.

import {
  add,
  mul,
  RnnError,
  scan,
  scope,
  splitKey,
  type Cell,
  type Parameters,
  type RandomKey,
  type Tensor,
} from '@rnn/core'
import { agreeOnInputSize, built, checkFeatures, checkSequence } from '../checks.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { INFERENCE, type Carry, type ForwardContext } from '../context.ts'
import { dropoutMask, requireKey } from '../layers/dropout.ts'
import { Module } from '../module.ts'
import type { NamedVariable, Variable } from '../variable.ts'
import { describeWeights, cellVariables } from '../weights/weight-options.ts'
import { CarriedStates } from './carried-states.ts'
import { checkCell } from './check-cell.ts'
import { widthsOf, type Level } from './level.ts'
import { mergeOutputs, type Merge } from './merge.ts'
import { checkRecurrentOptions, type RecurrentOptions } from './recurrent-options.ts'
import { zoneoutOf } from './zoneout.ts'

/** Which way a layer walks over time. */
export type Direction = 'forward' | 'backward'

/** The states of all layers and directions: layer by layer, and in each the forward direction first, as in PyTorch's `h_n`. */
export type RecurrentState<State extends readonly Tensor[] = readonly Tensor[]> = readonly [State, ...State[]]

/** What `Recurrent.run` is told beside its input. */
export interface RunOptions<State extends readonly Tensor[]> {
  /** The states before the first step, `[batch, width]` each. Default: zeros. */
  readonly initial?: RecurrentState<State> | undefined
  /** int32 `[batch]`. Default: every row is full. */
  readonly lengths?: Tensor | undefined
  /** Default: false. */
  readonly training?: boolean
  /** Needed while training with dropout. */
  readonly key?: RandomKey | undefined
}

/** What a recurrent layer computes. All tensors belong to the caller's scope. */
export interface RunResult<State extends readonly Tensor[]> {
  /** The top layer's output at every time step, `[batch, time, units]` (2·units for two concatenated directions): its hidden state, with `residual` plus its input; zero past a row's end. */
  readonly sequence: Tensor
  /** The top layer's final hidden state, `[batch, units]` (or 2·units), both directions merged: after a row's last step, and for the backward direction after its first. */
  readonly last: Tensor
  /** The final states of all layers and directions. */
  readonly final: RecurrentState<State>
}

/** How a layer is described in JSON, beside its options. */
export interface RecurrentDescription {
  readonly type: string
  readonly options?: Readonly<Record<string, string | number | boolean>>
  /** The layers of which this one is made, in place of options of its own. */
  readonly parts?: readonly Recurrent[]
  /** True where the type would name other equations than those of the cell. */
  readonly misnamed?: boolean
}

/** What makes a recurrent layer more than one cell in one direction. */
export interface RecurrentStructure {
  /** Both directions, and how they become one. Default: one direction. */
  readonly merge?: Merge
  /** The stacked layers, from below. Default: `layers` of the options, all alike. */
  readonly levels?: readonly Level[]
}

/** Variables of one cell: those of one layer in one direction. */
type CellVariables = Readonly<Record<string, Variable>>

/**
 * A recurrent layer: `[batch, time, features]` → `[batch, time, units]`, or `[batch, units]` with `returns: 'last'`. Made by `lstm`, `gru`,
 * `simpleRnn`, `minGru`, `minLstm`, `rnn`, `stacked`, `bidirectional` and others.
 *
 * Parameters have the names of the cell's, after the layer (if several are stacked) and the direction (if there are two): `kernel`, `1.kernel`,
 * `forward.kernel`, `1.backward.kernel`.
 */
export class Recurrent<State extends readonly Tensor[] = readonly Tensor[]> extends Module {
  /** That of the top layer. */
  readonly cell: Cell<string, State>
  /** Those of the whole; what is a stacked layer's own is in `levels`. */
  readonly options: RecurrentOptions
  /** The stacked layers, from below. */
  readonly levels: readonly Level[]
  readonly directions: readonly Direction[]
  /** How two directions become one output, after each of the stacked layers. */
  readonly merge: Merge
  readonly #description: RecurrentDescription
  /** Layer by layer, directions within; empty until the input size is known. */
  #cells: readonly CellVariables[] = []
  #inputSize: number | undefined
  #carried: CarriedStates | undefined

  constructor(
    cell: Cell<string, State>,
    options: RecurrentOptions,
    description: RecurrentDescription,
    structure: RecurrentStructure = {},
  ) {
    super()
    const { type } = description
    checkRecurrentOptions(type, options)
    const level: Level = { cell: cell as unknown as Cell, options }
    const { merge, levels = Array.from({ length: options.layers ?? 1 }, () => level) } = structure
    for (const each of levels) checkCell(type, each.cell, each.options)
    this.cell = cell
    this.options = options
    this.levels = levels
    this.directions = merge === undefined ? [options.direction ?? 'forward'] : ['forward', 'backward']
    this.merge = merge ?? 'concat'
    this.#description = description
    if (options.statefulRows !== undefined && this.directions.includes('backward')) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: type,
        problem: 'statefulRows for a layer that reads each batch from its end: there is no state to go on from',
        fix: 'leave out statefulRows, or use a forward layer',
      })
    }
  }

  /** The same description in both directions; see `bidirectional`. */
  inBothDirections(merge: Merge): Recurrent<State> {
    return new Recurrent(this.cell, this.options, this.#description, { merge, levels: this.levels })
  }

  get bidirectional(): boolean {
    return this.directions.length === 2
  }

  override get type(): string {
    return this.bidirectional ? `bidirectional ${this.#description.type}` : this.#description.type
  }

  override get outputSize(): number {
    return this.#merged(this.hiddenSize)
  }

  /** Width of the output of a layer whose directions are `width` wide. */
  #merged(width: number): number {
    return this.bidirectional && this.merge === 'concat' ? 2 * width : width
  }

  /** Width of the top layer's hidden state in one direction: `units`, unless the cell makes another size of it. */
  get hiddenSize(): number {
    return this.cell.stateSizes(this.options.units)[0] ?? this.options.units
  }

  override get lacksInputSize(): boolean {
    return this.#inputSize === undefined
  }

  /** Number of stacked layers. */
  get layerCount(): number {
    return this.levels.length
  }

  override build(inputSize: number | undefined): number {
    const { type, outputSize } = this
    const size = agreeOnInputSize(type, this.options.inputSize, inputSize, this.#inputSize)
    if (size !== undefined && this.#inputSize === undefined) {
      this.#inputSize = size
      const { statefulRows } = this.options
      const widths = this.levels.map((level) => widthsOf(level))
      if (statefulRows !== undefined) this.#carried = new CarriedStates(statefulRows, widths)
      this.#cells = this.levels.flatMap((level, i) => {
        const below = i === 0 ? size : this.#merged(widths[i - 1]?.[0] ?? 0)
        return this.directions.map(() => this.#makeVariables(level, below))
      })
    }
    return outputSize
  }

  #makeVariables({ cell, options }: Level, inputSize: number): CellVariables {
    return cellVariables(cell.kind, cell.parameters(inputSize, options.units), options)
  }

  override ownVariables(): readonly NamedVariable[] {
    return this.#cells.flatMap((variables, i) => {
      const prefix = this.#prefix(i)
      const parameters = Object.values(variables).map((variable) => ({ path: prefix + variable.name, variable }))
      return [...parameters, ...(this.#carried?.variables(i, prefix) ?? [])] // a stateful layer has one direction
    })
  }

  /** Where the variables of cell `i` are, relative to this module. */
  #prefix(i: number): string {
    const layer = this.layerCount > 1 ? `${Math.floor(i / this.directions.length)}.` : ''
    const direction = this.bidirectional ? `${this.directions[i % 2] ?? ''}.` : ''
    return layer + direction
  }

  /**
   * Runs over whole sequences with states in and out.
   *
   * ```ts
   * const { sequence, final } = encoder.run(x, { lengths })
   * const next = decoder.run(y, { initial: final })
   * ```
   *
   * @param x float32 `[batch, time, features]`
   * @throws E_NOT_BUILT before `init`, E_SHAPE, E_VALUE while training with dropout and without a key
   */
  run(x: Tensor, options: RunOptions<State> = {}): RunResult<State> {
    const { type, directions, layerCount } = this
    const { initial, lengths, training = false, key } = options
    checkSequence(type, x)
    if (this.#inputSize !== undefined) checkFeatures(type, x, this.#inputSize)
    if (initial !== undefined) this.#checkStates(initial)
    return scope(x.backend, () => {
      const final: State[] = []
      let input = x
      for (const [layer, { options: own }] of this.levels.entries()) {
        const { dropout = 0, residual = false } = own
        const runs = directions.map((direction, d) => {
          const i = layer * directions.length + d
          const ownKey = key && splitKey(splitKey(key, layer), direction)
          return this.#runCell(i, input, initial?.[i], { lengths, training, key: ownKey })
        })
        final.push(...runs.map((run) => run.final))
        const merged = mergeOutputs(
          runs.map(({ sequence }) => sequence),
          this.merge,
        )
        const output = residual && layer > 0 ? add(merged, input) : merged
        // Nothing reads these again: a tape holds aliases of what it needs.
        if (input !== x) input.dispose()
        for (const each of [merged, ...runs.map(({ sequence }) => sequence)]) if (each !== output) each.dispose()
        input = output
        if (training && dropout > 0 && layer < layerCount - 1) {
          const mask = dropoutMask(
            x,
            output.shape,
            dropout,
            splitKey(splitKey(requireKey(type, key), layer), 'dropout'),
          )
          input = mul(output, mask)
          output.dispose()
        }
      }
      const top = final.slice(-directions.length).flatMap((state) => state.slice(0, 1))
      return { sequence: input, last: mergeOutputs(top, this.merge), final: final as unknown as RecurrentState<State> } // one layer at least
    })
  }

  /**
   * The values of one cell by the names of `cell.parameters`: for loops of one's own over single steps. They stay the layer's.
   *
   * @param index layer by layer, and in each the forward direction first
   * @throws E_NOT_BUILT before `init`
   */
  cellParameters(index: number): Parameters {
    const variables = built(this.type, this.#cells[index])
    return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, variable.value]))
  }

  /** One layer in one direction. */
  #runCell(
    i: number,
    x: Tensor,
    initial: State | undefined,
    context: ForwardContext,
  ): { sequence: Tensor; final: State } {
    const { type, directions } = this
    const level = built(type, this.levels[Math.floor(i / directions.length)])
    const { units, recurrentDropout = 0 } = level.options
    const { lengths, training, key } = context
    const [batch = 0, time = 0] = x.shape
    const hiddenMask =
      training && recurrentDropout > 0
        ? dropoutMask(x, [batch, widthsOf(level)[0] ?? units], recurrentDropout, requireKey(type, key))
        : undefined
    const { sequence, final } = scan(level.cell, x, this.cellParameters(i), {
      units,
      initial,
      lengths,
      reverse: directions[i % directions.length] === 'backward',
      hiddenMask,
      zoneout: zoneoutOf(type, level.cell, level.options, [batch, time], x.backend, context),
    })
    return { sequence, final: final as unknown as State } // scan gives the states that the cell declares
  }

  /** Goes on from the states that the last piece of a stream left. */
  #resume(x: Tensor, context: ForwardContext, carry: Carry): RunResult<State> {
    const { levels, directions } = this
    if (directions.includes('backward')) {
      throw new RnnError({
        code: 'E_UNSUPPORTED',
        operation: this.type,
        problem: 'it reads the sequence from its end, which a stream does not have',
        fix: 'use forward layers in a model for streams',
      })
    }
    const widths = levels.map((level) => widthsOf(level))
    const states = carry.before(this, widths.flat(), x.shape[0] ?? 0)
    let at = 0
    const initial = widths.map(({ length }) => states.slice(at, (at += length)))
    const result = this.run(x, { ...context, initial: initial as unknown as RecurrentState<State> }) // one state for each layer
    carry.after(this, result.final.flat())
    return result
  }

  /** Goes on from where the call before left off. */
  #goOn(x: Tensor, context: ForwardContext, carried: CarriedStates): RunResult<State> {
    checkSequence(this.type, x)
    const initial = carried.before(this.type, x) as unknown as RecurrentState<State> // one state for each layer
    const result = this.run(x, { ...context, initial })
    carried.after(result.final)
    return result
  }

  /**
   * Sets the states of a stateful layer to zero: the next batch begins new sequences. `resetStates(model)` does it for all layers of a model.
   *
   * @throws E_CONFIGURATION without `statefulRows`, E_NOT_BUILT before `init`
   */
  reset(): void {
    if (this.options.statefulRows === undefined) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: this.type,
        problem: 'reset of a layer that keeps no state between calls',
        fix: 'give it statefulRows: the number of rows of each batch',
      })
    }
    built(this.type, this.#carried).reset()
  }

  #checkStates(initial: readonly State[]): void {
    const expected = this.layerCount * this.directions.length
    if (initial.length === expected) return
    throw new RnnError({
      code: 'E_SHAPE',
      operation: this.type,
      problem: `${initial.length} initial state${initial.length === 1 ? '' : 's'}, expected ${expected}`,
      fix: 'give one for each layer and direction, layer by layer',
    })
  }

  #runIn(x: Tensor, context: ForwardContext): RunResult<State> {
    if (context.carry !== undefined) return this.#resume(x, context, context.carry)
    return this.#carried === undefined ? this.run(x, context) : this.#goOn(x, context, this.#carried)
  }

  override forward(x: Tensor, context: ForwardContext = INFERENCE): Tensor {
    return scope(x.backend, () => {
      const { sequence, last } = this.#runIn(x, context)
      return this.options.returns === 'last' ? last : sequence
    })
  }

  override toJSON(): ModuleConfig {
    const layer = this.#describe()
    return this.bidirectional ? { type: 'bidirectional', layer, merge: this.merge } : layer
  }

  #describe(): ModuleConfig {
    const { type, options, parts, misnamed = false } = this.#description
    if (misnamed) {
      throw new RnnError({
        code: 'E_CONFIGURATION',
        operation: 'rnn',
        problem: `a cell of your own has the kind '${this.cell.kind}', and would come back with the equations of the built-in one`,
        fix: 'give it a kind of its own',
      })
    }
    if (parts !== undefined) return { type, layers: parts.map((part) => part.toJSON()) }
    const { units, inputSize, layers, dropout, recurrentDropout, residual, returns, direction } = this.options
    const { zoneout, cellZoneout, statefulRows } = this.options
    const own = { units, ...options, inputSize, layers, dropout, recurrentDropout, residual, returns, direction }
    return describe(type, { ...own, zoneout, cellZoneout, statefulRows, ...describeWeights(this.options) })
  }
}
