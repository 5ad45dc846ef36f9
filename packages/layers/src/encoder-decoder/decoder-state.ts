// What a decoder carries from step to step, and how rows of it change places.

import { div, gather, reshape, RnnError, tensor, type Backend, type Tensor } from '@rnn/core'
import type { LayerStates } from './bridge.ts'

/** What the encoder read, made ready for the decoder: everything that depends on the source alone, `[sources, …]`. */
export interface DecoderMemory {
  /** The attention's keys. */
  readonly keys: Tensor
  /** bool `[sources, 1, time]`. */
  readonly mask: Tensor | undefined
  /** The attention's values, where contexts are computed from them (several heads). */
  readonly values: Tensor | undefined
  /** What the memory means to the decoder's cell, `[sources, time, …]`: weighted sums of it are the context's part of the cell's input. */
  readonly cellImage: Tensor | undefined
  /** Likewise to the readout. */
  readonly readoutImage: Tensor | undefined
}

/**
 * A decoder between two steps. Rows come first in every tensor. A source may have several rows, one after another (the hypotheses of a beam): then they share its
 * memory, and there are fewer rows in `memory` than in the others.
 */
export interface DecoderState {
  /** Layer by layer, `[rows, width]` each. */
  readonly states: LayerStates
  readonly memory: DecoderMemory | undefined
  /** Attention of all steps so far, summed, float32 `[rows, time]`; only where the attention covers. */
  readonly coverage: Tensor | undefined
  /** The readout of the step before, float32 `[rows, units]`; only with input feeding. */
  readonly fed: Tensor | undefined
}

/** Rows of a state. */
export function rowsOf({ states }: DecoderState): number {
  return states[0]?.[0]?.shape[0] ?? 0
}

/** Sources whose memory a state has. */
export function sourcesOf(state: DecoderState): number {
  return state.memory?.keys.shape[0] ?? rowsOf(state)
}

/**
 * The state with the rows `indices`: some twice, some not at all. Row `i` of the result is row `indices[i]` of `state`.
 *
 * Indices on the host cost less: as long as the rows of each source stay together, as many for each, its memory is not copied.
 *
 * @param indices int32 `[rows]`, 0 … rows − 1
 * @returns new tensors, which belong to the caller's scope
 * @throws E_INDEX_RANGE for an index that is none (of a tensor: at once or at the next read), E_DTYPE, E_SHAPE
 */
export function reorderState(state: DecoderState, indices: Int32Array | Tensor): DecoderState {
  const backend = backendOf(state)
  const onHost = ArrayBuffer.isView(indices)
  if (onHost) checkIndices(indices, rowsOf(state))
  const places = onHost ? tensor(indices, { backend }) : indices
  const rows = (each: Tensor): Tensor => gather(each, places)
  return {
    states: state.states.map((layer) => layer.map(rows)),
    memory: state.memory && reorderMemory(state, state.memory, onHost ? indices : undefined, places),
    coverage: state.coverage && rows(state.coverage),
    fed: state.fed && rows(state.fed),
  }
}

/** The memory for the reordered rows: of one row for each source whose rows stay together. */
function reorderMemory(
  state: DecoderState,
  memory: DecoderMemory,
  indices: Int32Array | undefined,
  places: Tensor,
): DecoderMemory {
  const sources = sourcesOf(state)
  const perSource = rowsOf(state) / sources
  if (indices === undefined) {
    // Whole numbers divide toward zero.
    return mapMemory(memory, (each) => gather(each, div(places, perSource)))
  }
  const wanted = Array.from(indices, (index) => Math.floor(index / perSource))
  const groups = equalGroups(wanted)
  const same = groups.length === sources && groups.every((source, i) => source === i)
  if (same) return mapMemory(memory, (each) => reshape(each, each.shape))
  const kept = tensor(Int32Array.from(groups), { backend: places.backend })
  return mapMemory(memory, (each) => gather(each, kept))
}

/** The sources in order, each once, if all have as many rows side by side; else one for each row. */
function equalGroups(wanted: readonly number[]): readonly number[] {
  const first = wanted.findIndex((source) => source !== wanted[0])
  const size = first < 0 ? wanted.length : first
  if (size === 0 || wanted.length % size !== 0) return wanted
  const heads = wanted.filter((_, i) => i % size === 0)
  const fits = wanted.every((source, i) => source === heads[Math.floor(i / size)])
  return fits ? heads : wanted
}

function mapMemory(memory: DecoderMemory, change: (each: Tensor) => Tensor): DecoderMemory {
  const { keys, mask, values, cellImage, readoutImage } = memory
  return {
    keys: change(keys),
    mask: mask && change(mask),
    values: values && change(values),
    cellImage: cellImage && change(cellImage),
    readoutImage: readoutImage && change(readoutImage),
  }
}

function checkIndices(indices: Int32Array, rows: number): void {
  const bad = indices.findIndex((index) => index < 0 || index >= rows)
  if (bad < 0) return
  throw new RnnError({
    code: 'E_INDEX_RANGE',
    operation: 'reorder',
    problem: `index ${bad} is ${indices[bad]}, but there are ${rows} rows`,
    fix: `use 0 … ${rows - 1}`,
  })
}

function backendOf({ states }: DecoderState): Backend {
  const backend = states[0]?.[0]?.backend
  if (backend !== undefined) return backend
  throw new RnnError({ code: 'E_VALUE', operation: 'reorder', problem: 'the state has no tensors' })
}
