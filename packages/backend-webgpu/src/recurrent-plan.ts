// How a recurrent sequence runs on a device: one dispatch that walks all its steps, or one dispatch for each step. Decided from shapes and limits only.

import type { RecurrentKind } from '@rnn/core'
import type { Offer } from './adapter.ts'

/** Gates of each cell. */
export const GATES: Readonly<Record<RecurrentKind, number>> = { simpleTanh: 1, simpleRelu: 1, lstm: 4, gru: 3 }

/** A sequence as the plan sees it. */
export interface RecurrentShape {
  readonly cell: RecurrentKind
  readonly batch: number
  readonly steps: number
  readonly units: number
  readonly backward: boolean
}

/** One dispatch: each workgroup walks all steps of its rows. `padded · slices` invocations, each with one unit and one slice of the product's terms. */
export interface WalkPlan {
  readonly way: 'walk'
  /** Where the recurrent weights are: each invocation's share in registers, or read anew at each step, from the device's caches. */
  readonly weights: 'registers' | 'stream'
  /** Units, rounded up to a size class: programs are compiled for it. */
  readonly padded: number
  readonly slices: number
  /** Rows of the batch in a workgroup. */
  readonly rows: number
}

/** One dispatch for each step; its workgroups share out units and rows in tiles. */
export interface StepPlan {
  readonly way: 'steps'
  /** Rows of a tile. */
  readonly rows: number
}

/** How to run a sequence. */
export type RecurrentPlan = WalkPlan | StepPlan

/** Invocations of a walk: what every device has, and as many as leave each of them the registers that it needs. */
const INVOCATIONS = 256

/** Weights that an invocation keeps in registers. Devices have from 128 (with spilling beyond) to 255 registers of 4 bytes for each. */
const WEIGHTS_IN_REGISTERS = 64

/** Terms in a slice of the product: fewer would be added up again more often than it saves. */
const SMALLEST_SLICE = 16

/**
 * Recurrent weights that are streamed at each step of a walk, at most. A multiprocessor reads some 64 bytes a cycle, so these take about 2 µs, as long as the
 * pause between two dispatches that depend on one another.
 */
const MOST_STREAMED_BYTES = 2 ** 18

/** With so few steps, dispatches cost less than what a walk leaves idle. */
const FEW_STEPS = 2

/** Bytes of a vector of the gates in workgroup memory: three are aligned as four. */
function vectorBytes(gates: number): number {
  return gates === 1 ? 4 : 16
}

/** Workgroup memory of a walk. Forward: hidden states, and products of all gates by slice. Backward: gradients of all gates, and products by slice. */
function walkBytes(gates: number, backward: boolean, padded: number, slices: number, rows: number): number {
  const vector = vectorBytes(gates)
  return rows * padded * (backward ? vector + slices * 4 : 4 + slices * vector)
}

/** Programs are compiled for a size class, so that a few serve all sizes. */
function sizeClass(units: number): number {
  const grain = units <= 128 ? 16 : 32
  return Math.max(grain, Math.ceil(units / grain) * grain)
}

/** Decides how a sequence runs. */
export function planRecurrent(
  { cell, batch, steps, units, backward }: RecurrentShape,
  offer: Pick<Offer, 'invocations' | 'workgroupBytes'>,
): RecurrentPlan {
  const gates = GATES[cell]
  const most = Math.min(INVOCATIONS, offer.invocations)
  const padded = sizeClass(units)
  const walk = (weights: WalkPlan['weights'], slices: number, rowsWanted: number): WalkPlan | undefined => {
    let rows = rowsWanted
    while (rows > 1 && walkBytes(gates, backward, padded, slices, rows) > offer.workgroupBytes) rows /= 2
    return walkBytes(gates, backward, padded, slices, rows) > offer.workgroupBytes
      ? undefined
      : { way: 'walk', weights, padded, slices, rows }
  }

  const slices = mostSlices(padded, most)
  if (slices > 0 && (padded / slices) * gates <= WEIGHTS_IN_REGISTERS) {
    // A row by itself has the shortest steps; with more rows than multiprocessors can hold, some share a workgroup.
    const plan = walk('registers', slices, batch <= 256 ? 1 : batch <= 512 ? 2 : 4)
    if (plan !== undefined) return plan
  }
  if (padded <= most && gates * units * units * 4 <= MOST_STREAMED_BYTES && steps > FEW_STEPS) {
    // Rows that share a workgroup share what is streamed.
    const plan = walk('stream', Math.floor(most / padded), batch <= 32 ? 1 : batch <= 64 ? 2 : 4)
    if (plan !== undefined) return plan
  }
  return { way: 'steps', rows: batch <= 4 ? 4 : 16 }
}

/** The most equal slices of `padded` terms, of at least the smallest size, for which there are invocations; 0 if there are none. */
function mostSlices(padded: number, invocations: number): number {
  let slices = Math.min(Math.floor(invocations / padded), padded / SMALLEST_SLICE)
  while (slices > 0 && padded % slices !== 0) slices--
  return slices
}
