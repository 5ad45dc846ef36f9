// Truncated backpropagation through time: long sequences cut into windows, each one step of training.

import { clip, formatShape, RnnError, slice, sub, Tensor } from '@rnn/core'
import { isHostArray, type HostArray } from '@rnn/layers'
import type { TrainingBatch } from './batches.ts'

/**
 * Truncated backpropagation through time, BPTT(h; h′) of Williams & Peng (1990): an update each `steps` time steps, whose gradients reach
 * `backward` time steps back.
 */
export interface TruncationOptions {
  /** Time steps of a window (k1). */
  readonly steps: number
  /**
   * How far gradients flow back from a window's end (k2), a multiple of `steps`; never past the beginning of a batch. The steps before the window are computed anew
   * for it, so a step costs backward / steps times as much. Default: `steps`.
   */
  readonly backward?: number
}

/** One window of a batch. */
export interface Window {
  /** Its number in the batch, from 0. */
  readonly index: number
  /** Windows in the batch. */
  readonly count: number
  /** The first window that gradients reach: `index` where they stay within their own. */
  readonly first: number
  /** That of the next window. */
  readonly nextFirst: number
  /** Time steps of a window; the last one may have fewer. */
  readonly steps: number
}

/** @throws E_VALUE */
export function checkTruncation({ steps, backward = steps }: TruncationOptions): void {
  const whole = Number.isInteger(steps) && steps >= 1
  if (whole && Number.isInteger(backward) && backward >= steps && backward % steps === 0) return
  throw new RnnError({
    code: 'E_VALUE',
    operation: 'fit',
    problem: `truncate to ${steps} steps, backward ${backward}`,
    fix: 'steps is a whole number from 1 on, backward a multiple of it',
  })
}

/** How many windows a batch has: at least one, and none after the end of the longest row. @throws E_SHAPE for a batch that can't be cut */
export function windowCount<Input, Targets>(
  batch: TrainingBatch<Input, Targets>,
  { steps }: TruncationOptions,
): number {
  const time = timeOf(batch)
  const { lengths } = batch
  const longest = lengths === undefined || lengths instanceof Tensor ? time : Math.max(0, ...lengths.data)
  return Math.max(1, Math.ceil(Math.min(time, longest) / steps))
}

/** Window number `index` of `count`. */
export function windowAt({ steps, backward = steps }: TruncationOptions, index: number, count: number): Window {
  const firstOf = (each: number): number => Math.max(0, each + 1 - backward / steps)
  return { index, count, first: firstOf(index), nextFirst: firstOf(index + 1), steps }
}

/**
 * The time steps of window `index` as a batch: arrays are copied on the host, tensors sliced, which belong to the caller's scope.
 */
export function cutWindow<Input, Targets>(
  batch: TrainingBatch<Input, Targets>,
  { steps }: Window,
  index: number,
): TrainingBatch<Input, Targets> {
  const time = timeOf(batch)
  const start = index * steps
  const count = Math.min(steps, time - start)
  const cut = (value: unknown): unknown => mapArrays(value, '', (each) => cutArray(each, start, count))
  const { lengths, sampleWeights } = batch
  return {
    ...batch,
    inputs: cut(batch.inputs) as TrainingBatch<Input, Targets>['inputs'], // array for array
    targets: cut(batch.targets) as TrainingBatch<Input, Targets>['targets'],
    lengths: lengths && cutLengths(lengths, start, count),
    sampleWeights:
      sampleWeights && sampleWeights.shape.length > 1 ? cutArray(sampleWeights, start, count) : sampleWeights,
  }
}

/** The time steps of a batch, which all its arrays share. @throws E_SHAPE */
function timeOf<Input, Targets>({ inputs, targets }: TrainingBatch<Input, Targets>): number {
  const found: { name: string; time: number | undefined; shape: readonly number[] }[] = []
  const note =
    (name: string) =>
    (array: Tensor | HostArray, path: string): void =>
      void found.push({ name: `${name}${path}`, time: array.shape[1], shape: array.shape })
  mapArrays(inputs, '', note('inputs'))
  mapArrays(targets, '', note('targets'))
  const time = found[0]?.time
  const odd = found.find((each) => each.time === undefined || each.time !== time)
  if (time !== undefined && odd === undefined) return time
  throw new RnnError({
    code: 'E_SHAPE',
    operation: 'fit',
    problem: `${odd?.name ?? 'inputs'} of shape ${formatShape(odd?.shape ?? [])} can't be cut into windows${time === undefined ? '' : ` of ${time} time steps`}`,
    fix: 'with truncate all inputs and targets are [batch, time, …] of the same time; for one target a sequence train without it',
  })
}

function cutArray(array: Tensor | HostArray, start: number, count: number): Tensor | HostArray {
  if (array instanceof Tensor) return slice(array, 1, start, count)
  const { data, shape } = array
  const [batch = 0, time = 0, ...rest] = shape
  const width = rest.reduce((product, length) => product * length, 1)
  const part =
    data instanceof Int32Array ? new Int32Array(batch * count * width) : new Float32Array(batch * count * width)
  for (let row = 0; row < batch; row++) {
    const from = (row * time + start) * width
    part.set(data.subarray(from, from + count * width), row * count * width)
  }
  return { data: part, shape: [batch, count, ...rest] }
}

function cutLengths(lengths: Tensor | HostArray, start: number, count: number): Tensor | HostArray {
  if (lengths instanceof Tensor) return clip(sub(lengths, start), 0, count)
  const data = Int32Array.from(lengths.data, (length) => Math.min(Math.max(length - start, 0), count))
  return { data, shape: lengths.shape }
}

/** A structure with each array replaced; `path` is '.name' within a record. */
function mapArrays(value: unknown, path: string, each: (array: Tensor | HostArray, path: string) => unknown): unknown {
  if (value instanceof Tensor || isHostArray(value)) return each(value, path)
  if (Array.isArray(value)) return value.map((one, i) => mapArrays(one, `${path}.${i}`, each))
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapArrays(one, `${path}.${key}`, each)]))
}
