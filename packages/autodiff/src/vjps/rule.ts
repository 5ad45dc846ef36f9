// What a rule of differentiation looks like: forward decides what to save, backward turns gradients of the outputs into contributions to
// those of the inputs.

import { RnnError, type OpRecord, type Tensor } from '@rnn/core'
import type { Saved } from '../saved.ts'

/** A part of the gradient of one input. The tape adds it up in place where it can, so a rule says *what* is added, not how. */
export type Contribution =
  | { readonly kind: 'whole'; readonly input: number; readonly gradient: Tensor }
  /** To `start …` along one axis alone: slices never pad. */
  | {
      readonly kind: 'slice'
      readonly input: number
      readonly gradient: Tensor
      readonly axis: number
      readonly start: number
    }
  /** To the rows of a table; repeats add up, −1 is skipped. */
  | { readonly kind: 'rows'; readonly input: number; readonly gradient: Tensor; readonly indices: Tensor }
  /** The product `a · b`, added without being made; summed over a batch that the input does not have. */
  | {
      readonly kind: 'product'
      readonly input: number
      readonly a: Tensor
      readonly b: Tensor
      readonly transposeA: boolean
      readonly transposeB: boolean
    }

export interface RuleContext {
  /** Which inputs want a gradient, by position. */
  readonly needs: readonly boolean[]
  /** Keeps a value for backward. */
  save(tensor: Tensor): Saved
}

/** Runs once, in a scope of its own. An output that nothing used has the gradient null; not all of them are null. */
export type Backward = (gradients: readonly (Tensor | null)[]) => readonly Contribution[]

/** Called when the op has run. Null: no gradient flows through the op with these attributes (rounding, comparisons). */
export type Rule<Entry> = (entry: Entry, context: RuleContext) => Backward | null

/** The record of one op by its name. */
export type RecordOf<Name extends OpRecord['op']> = Extract<OpRecord, { readonly op: Name }>

/** `whole` for an input that wants it, else nothing. */
export function whole(context: RuleContext, input: number, gradient: () => Tensor): Contribution[] {
  return context.needs[input] === true ? [{ kind: 'whole', input, gradient: gradient() }] : []
}

/** The gradient of the only output. */
export function onlyGradient(gradients: readonly (Tensor | null)[]): Tensor {
  const [gradient] = gradients
  if (gradient != null) return gradient
  throw new RnnError({
    code: 'E_NO_GRADIENT',
    operation: 'backward',
    problem: 'an op with one output got no gradient for it',
  })
}

/** @throws E_NOT_DIFFERENTIABLE when an input that has no gradient wants one */
export function refuse(context: RuleContext, input: number, operation: string, what: string): void {
  if (context.needs[input] !== true) return
  throw new RnnError({
    code: 'E_NOT_DIFFERENTIABLE',
    operation,
    problem: `${what} has no gradient, but is part of a gradient computation`,
    fix: 'pass detach(x)',
  })
}
