/** A data set of sentences and their translations: what an encoder–decoder trains on. */

import { checkWhole, DataError } from '../errors.ts'
import type { HostArray } from '../host-array.ts'
import type { TextPair } from '../readers/parallel-texts.ts'
import { batchesOfTokens } from '../sequences/bucketing.ts'
import { checkIds, checkPadding, padSequences } from '../sequences/padding.ts'
import type { TextCodec } from '../text/text-codec.ts'
import { plannedDataset, rowDataset } from './batch-source.ts'
import type { BatchingOptions, BatchSource, RowBatch } from './batch-source.ts'

/** Pairs for {@link translationDataset}: either texts with what turns them into ids, or ids without start and end. */
export type TranslationPairs =
  | {
      readonly pairs: readonly TextPair[]
      readonly sourceCodec: Pick<TextCodec, 'encode' | 'paddingId'>
      readonly targetCodec: Pick<TextCodec, 'encode' | 'paddingId' | 'startId' | 'endId'>
    }
  | {
      readonly sourceIds: readonly ArrayLike<number>[]
      readonly targetIds: readonly ArrayLike<number>[]
      readonly startId: number
      readonly endId: number
      /** What fills the rows of both sides. Default 0. */
      readonly paddingId?: number
    }

/** Options of {@link translationDataset}. */
export type TranslationDatasetOptions = TranslationPairs &
  BatchingOptions & {
    /** The name of the data, for messages. */
    readonly file?: string | undefined
    /**
     * At most this many ids a batch on its longer side, padding included: short sentences then come in batches of many.
     * Takes the place of `batchSize`, which becomes a second limit if it is given too. A pair longer than this is a
     * batch of its own.
     */
    readonly tokensPerBatch?: number
    /** Pairs with more ids than this on either side (start and end not counted) are left out, and counted. Default: no limit. */
    readonly maxLength?: number
    /** Batches of similar source and target length, so that little is padding. Default true. */
    readonly bucketing?: boolean
    /** How many batches are sorted by length together; with `tokensPerBatch` it is always all of them. Default 100. */
    readonly pool?: number
    /** Rounds the time axes up, so that batches come in few shapes. Default 1. */
    readonly multipleOf?: number
  }

/** What a model reads of a batch of pairs. */
export type TranslationInputs = {
  /** Source ids, int32 `[batch, sourceTime]`. */
  readonly source: HostArray<Int32Array>
  /** int32 `[batch]`: the source ids of each row. */
  readonly sourceLengths: HostArray<Int32Array>
  /** What the decoder is fed with the teacher's help, the start and then the target ids, int32 `[batch, targetTime]`. */
  readonly target: HostArray<Int32Array>
  /** int32 `[batch]`: the target ids of each row with the start (or, in `targets`, with the end). */
  readonly targetLengths: HostArray<Int32Array>
}

/**
 * A batch of pairs. `targets` holds the target ids and then the end, int32 `[batch, targetTime]`, and −1 past it, which
 * `crossEntropy` and `accuracy` of `@rnn/train` ignore. It has no `lengths`, since those of source and target differ.
 */
export interface TranslationBatch extends RowBatch<TranslationInputs, HostArray<Int32Array>> {
  /** Source ids without padding. */
  readonly sourceTokens: number
  /** Target ids with the ends, without padding: what the loss is a mean over. */
  readonly targetTokens: number
}

/** Batches of pairs. */
export interface TranslationDataset extends BatchSource<TranslationInputs, HostArray<Int32Array>> {
  /** Source ids of an epoch, without padding; with `dropLast`, of all pairs. */
  readonly sourceTokens: number
  /** Target ids of an epoch with the ends, without padding; with `dropLast`, of all pairs. */
  readonly targetTokens: number
  /** How many pairs were left out: those of no ids on a side, and those past `maxLength`. */
  readonly skipped: { readonly empty: number; readonly tooLong: number }
  /** The batches of an epoch. `rows` are positions in the pairs that were given. */
  batches(epoch: number, start?: number): Iterable<TranslationBatch>
}

/**
 * Pairs as padded batches for teacher forcing, by sentences (`batchSize`) or by ids (`tokensPerBatch`). The order is a
 * pure function of seed and epoch, and an epoch can be resumed in its middle, as in every data set here. Throws
 * `E_SHAPE` when the counts of sources and targets differ, `E_ID`, and `E_ARGUMENT` when no pair is left.
 *
 * @example
 * ```ts
 * import { translationDataset } from '@rnn/data'
 * const set = translationDataset({
 *   sourceIds: [[5, 6, 7], [8]],
 *   targetIds: [[4, 5], [6]],
 *   startId: 2,
 *   endId: 3,
 *   shuffle: false,
 * })
 * const [{ inputs, targets }] = set.batches(0)
 * inputs.source.data // → [8, 0, 0, 5, 6, 7]
 * inputs.sourceLengths.data // → [1, 3]
 * inputs.target.data // → [2, 6, 0, 2, 4, 5]
 * targets.data // → [6, 3, -1, 4, 5, 3]
 * ```
 */
export function translationDataset(options: TranslationDatasetOptions): TranslationDataset {
  const { maxLength = Infinity, multipleOf = 1, tokensPerBatch, bucketing = true, pool = 100 } = options
  checkPadding({ maxLength, multipleOf })
  checkWhole(pool, 'pool', 1)
  const { sourceIds, targetIds, startId, endId, sourcePadding, targetPadding } = idPairs(options)
  for (const [row, ids] of sourceIds.entries()) checkIds(ids, { file: options.file, row }, 'source ')
  for (const [row, ids] of targetIds.entries()) checkIds(ids, { file: options.file, row }, 'target ')
  const skipped = { empty: 0, tooLong: 0 }
  const kept: number[] = []
  for (let row = 0; row < sourceIds.length; row++) {
    const lengths = [sourceIds[row]?.length ?? 0, targetIds[row]?.length ?? 0]
    if (Math.min(...lengths) === 0) skipped.empty += 1
    else if (Math.max(...lengths) > maxLength) skipped.tooLong += 1
    else kept.push(row)
  }
  if (kept.length === 0) {
    throw new DataError('E_ARGUMENT', {
      file: options.file,
      problem: `none of ${sourceIds.length} pairs can be used: ${skipped.empty} have a side of no ids, ${skipped.tooLong} one of more than ${maxLength}`,
      got: sourceIds.length,
      expected: 'at least one pair',
    })
  }

  const make = (chosen: Int32Array): TranslationBatch => {
    const rows = chosen.map((position) => kept[position] as number)
    const list = [...rows]
    const source = padSequences(
      list.map((row) => sourceIds[row] as ArrayLike<number>),
      { multipleOf, paddingId: sourcePadding },
    )
    const target = padSequences(
      list.map((row) => [startId, ...Array.from(targetIds[row] as ArrayLike<number>)]),
      { multipleOf, paddingId: targetPadding },
    )
    const [size, time] = target.shape
    const targets = new Int32Array(size * time).fill(-1)
    for (const [i, row] of rows.entries()) {
      const ids = targetIds[row] as ArrayLike<number>
      targets.set(ids, i * time)
      targets[i * time + ids.length] = endId
    }
    return {
      inputs: {
        source: { data: source.ids, shape: source.shape },
        sourceLengths: { data: source.lengths, shape: [size] },
        target: { data: target.ids, shape: target.shape },
        targetLengths: { data: target.lengths, shape: [size] },
      },
      targets: { data: targets, shape: target.shape },
      size,
      rows,
      sourceTokens: sum(source.lengths),
      targetTokens: sum(target.lengths),
    }
  }

  const sourceLengths = Int32Array.from(kept, (row) => sourceIds[row]?.length ?? 0)
  const targetLengths = Int32Array.from(kept, (row) => (targetIds[row]?.length ?? 0) + 1)
  const keys = bucketing ? pairOrderKeys(sourceLengths, targetLengths) : undefined
  const counts = { sourceTokens: sum(sourceLengths), targetTokens: sum(targetLengths), skipped }
  if (tokensPerBatch === undefined) {
    const bySentences = rowDataset(kept.length, { ...options, bucketing: keys && { lengths: keys, pool } }, make)
    return { ...bySentences, ...counts }
  }
  const { shuffle = true, seed = 0, dropLast = false, batchSize = Infinity } = options
  if (batchSize !== Infinity) checkWhole(batchSize, 'batchSize', 1)
  checkBudget(tokensPerBatch, { shuffle, bucketing, dropLast })
  const lengths = sourceLengths.map((length, i) => Math.max(length, targetLengths[i] as number))
  const plan = (epoch: number): Int32Array[] =>
    batchesOfTokens(lengths, { keys, tokensPerBatch, batchSize, multipleOf, shuffle, seed, epoch })
  const byTokens = plannedDataset({ batchCount: plan(0).length, sampleCount: kept.length, plan }, make)
  return { ...byTokens, ...counts }
}

/** A number for each pair by which to sort: by target length, which costs the most, and within it by source length. */
function pairOrderKeys(sourceLengths: Int32Array, targetLengths: Int32Array): Float64Array {
  const width = sourceLengths.reduce((most, length) => Math.max(most, length), 0) + 1
  // Every other target length has its sources from long to short: a batch across the border then has sources of one kind.
  return Float64Array.from(targetLengths, (target, i) => {
    const source = sourceLengths[i] as number
    return target * width + (target % 2 === 0 ? source : width - 1 - source)
  })
}

/** Throws `E_ARGUMENT` for options that would give epochs of different numbers of batches. */
function checkBudget(
  tokensPerBatch: number,
  {
    shuffle,
    bucketing,
    dropLast,
  }: { readonly shuffle: boolean; readonly bucketing: boolean; readonly dropLast: boolean },
): void {
  checkWhole(tokensPerBatch, 'tokensPerBatch', 1)
  const problem = dropLast
    ? 'tokensPerBatch with dropLast: no batch is smaller than it should be'
    : shuffle && !bucketing
      ? 'tokensPerBatch with shuffle and without bucketing: each epoch would have another number of batches'
      : undefined
  if (problem === undefined) return
  throw new DataError('E_ARGUMENT', { problem, got: tokensPerBatch, fix: 'leave out one of them' })
}

/** The options' ids, encoded where they are texts. */
function idPairs(options: TranslationDatasetOptions): {
  readonly sourceIds: readonly ArrayLike<number>[]
  readonly targetIds: readonly ArrayLike<number>[]
  readonly startId: number
  readonly endId: number
  readonly sourcePadding: number
  readonly targetPadding: number
} {
  if ('pairs' in options) {
    const { pairs, sourceCodec, targetCodec } = options
    return {
      sourceIds: pairs.map(({ source }) => sourceCodec.encode(source)),
      targetIds: pairs.map(({ target }) => targetCodec.encode(target)),
      startId: targetCodec.startId,
      endId: targetCodec.endId,
      sourcePadding: sourceCodec.paddingId,
      targetPadding: targetCodec.paddingId,
    }
  }
  const { sourceIds, targetIds, startId, endId, paddingId = 0, file } = options
  checkWhole(startId, 'startId', 0)
  checkWhole(endId, 'endId', 0)
  if (sourceIds.length !== targetIds.length) {
    throw new DataError('E_SHAPE', {
      file,
      problem: `${sourceIds.length} sources but ${targetIds.length} targets`,
      got: targetIds.length,
      expected: sourceIds.length,
    })
  }
  return { sourceIds, targetIds, startId, endId, sourcePadding: paddingId, targetPadding: paddingId }
}

function sum(values: Int32Array): number {
  return values.reduce((total, value) => total + value, 0)
}
