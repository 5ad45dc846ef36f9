// What a recurrent cell is: its parameters, and one time step written as its equation.

import type { Backend } from '../contract/backend.ts'
import type { ParameterSpec } from '../initializers.ts'
import type { Tensor } from '../tensor.ts'

/** Tensors by parameter name. */
export type Parameters<Name extends string = string> = Readonly<Record<Name, Tensor>>

/**
 * A recurrent cell. `step` is the equation and the truth; a backend may run a whole sequence of a known `kind` at once, to the same numbers. Any
 * other cell runs, and trains, through the generic scan on every backend.
 *
 * All tensors are float32; `B` is the batch.
 */
export interface Cell<
  Name extends string = string,
  State extends readonly Tensor[] = readonly Tensor[],
  Constant extends string = never,
> {
  /** Names the equations: `lstm`, `gru`, `simpleTanh`, or the author's own name. */
  readonly kind: string
  /** What sets this cell apart from others of its kind, by name; goes into the JSON form of its layer. Default: nothing. */
  readonly options?: Readonly<Record<string, string | number | boolean>>
  /** Blocks of `units` columns that `project` gives; 1 where there is no such structure. */
  readonly gates: number
  /** Widths of the state tensors `[B, width]`; the first one is the output of the step. */
  stateSizes(units: number): readonly number[]
  parameters(inputSize: number, units: number): Readonly<Record<Name, ParameterSpec>>
  /** The part that needs no state: `[…, inputSize]` → `[…, any]`. Runs once over all time steps. Without it `step` gets the input itself. */
  project?(x: Tensor, parameters: Parameters<Name>): Tensor
  /**
   * Tensors that every step reads and that follow from sizes alone, such as indices: made once for each sequence, and given to `step` among the parameters.
   */
  constants?(backend: Backend, batch: number): Parameters<Constant>
  /**
   * One time step.
   *
   * @param projected `[B, any]`, this step of what `project` gave
   * @param state the state before, `[B, width]` each
   * @param parameters as `parameters` named them, and `constants`
   * @param fed `state[0]` as the recurrent product shall see it: with the recurrent dropout mask on it, if there is one. A cell that takes no
   *   notice of it can't be used with recurrent dropout.
   * @returns the state after
   */
  step(projected: Tensor, state: State, parameters: Parameters<Name | Constant>, fed: Tensor): State
  /**
   * For a cell of one state whose step is `h' = factor·h + term`, where neither needs h: both for any steps at once, from `projected [B, …, any]`.
   * `scan` then computes all time steps together by `linearScan`, to the numbers of `step`. See `defineLinearCell`.
   */
  recurrence?(projected: Tensor, parameters: Parameters<Name>): LinearRecurrence
}

/** What a step does to the state: `h' = factor·h + term`, element by element. */
export interface LinearRecurrence {
  /** `[B, …, units]`. */
  readonly factor: Tensor
  /** `[B, …, units]`. */
  readonly term: Tensor
}

/** Gives a cell its types: parameter names and the tuple of its state. */
export function defineCell<Name extends string, State extends readonly Tensor[], Constant extends string = never>(
  cell: Cell<Name, State, Constant>,
): Cell<Name, State, Constant> {
  return cell
}
