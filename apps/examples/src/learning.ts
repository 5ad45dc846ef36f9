/** What examples that go on learning from new data share: where the data come from, and the picture of how the error falls. */

import type { PictureSpec } from 'app-kit/picture'

/** Batches that were never there before. @param make a batch, from a number that no other one has */
export function newBatches<Batch>(
  count: number,
  size: number,
  seed: number,
  make: (seed: number) => Batch,
): { readonly batchCount: number; readonly sampleCount: number; batches(epoch: number): Batch[] } {
  return {
    batchCount: count,
    sampleCount: count * size,
    batches: (epoch) => Array.from({ length: count }, (_, i) => make(1000 + (seed * 500 + epoch) * count + i)),
  }
}

/** One batch, always the same: to be tried on. */
export function oneBatch<Batch>(
  batch: Batch,
  size: number,
): { readonly batchCount: number; readonly sampleCount: number; batches(): Batch[] } {
  return { batchCount: 1, sampleCount: size, batches: () => [batch] }
}

/** A point of a curve: whose it is, how far training is, and how large the error. */
export interface CurvePoint {
  readonly of: string
  readonly at: number
  readonly error: number | undefined
}

/** Errors while training, a line for each that learns. */
export function learningCurves(
  points: readonly CurvePoint[],
  { at, error, scale = 'linear' }: { readonly at: string; readonly error: string; readonly scale?: 'linear' | 'log' },
): PictureSpec {
  return {
    width: 520,
    height: 320,
    data: { values: [...points] },
    mark: 'line',
    encoding: {
      x: { field: 'at', type: 'quantitative', title: at },
      y: { field: 'error', type: 'quantitative', scale: { type: scale }, title: error },
      color: { field: 'of', type: 'nominal', sort: null, title: null },
    },
  }
}
