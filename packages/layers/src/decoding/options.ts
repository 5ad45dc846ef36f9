// What all ways of decoding are told, and what of it makes no sense.

import { RnnError } from '@rnn/core'
import { checkWhole } from '../checks.ts'
import type { HostArray } from '../host-array.ts'

/** Sources to decode, in host memory: what `padSequences` of `@rnn/data` gives. */
export interface DecodingInput {
  /** int32 `[batch, sourceTime]`. */
  readonly source: HostArray
  /** int32 `[batch]`. Default: every row is full. */
  readonly sourceLengths?: HostArray | undefined
}

/** Options of every way of decoding. */
export interface DecodingOptions {
  /** What the decoder is fed first. */
  readonly startId: number
  /** What ends a hypothesis. */
  readonly endId: number
  /** Words of a hypothesis at most, its end not counted. */
  readonly maxLength: number
  /** Words of a hypothesis at least. Default: 0. */
  readonly minLength?: number
  /** Words that are never written: padding, the start, the unknown word. Default: none. */
  readonly never?: readonly number[]
  /** Gives back what each word looked at. Default: false. */
  readonly attention?: boolean
  readonly signal?: AbortSignal | undefined
}

/** @throws E_VALUE, E_SHAPE */
export function checkDecoding(operation: string, input: DecodingInput, options: DecodingOptions): void {
  const { maxLength, minLength = 0, endId, never = [] } = options
  checkWhole(operation, 'minLength', minLength, 0)
  checkWhole(operation, 'maxLength', maxLength, 1)
  if (minLength > maxLength) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `minLength is ${minLength}, maxLength ${maxLength}`,
      fix: 'give a maxLength of at least minLength',
    })
  }
  if (never.includes(endId)) {
    throw new RnnError({
      code: 'E_VALUE',
      operation,
      problem: `never has the end, ${endId}`,
      fix: 'leave it out, or use minLength',
    })
  }
  checkSources(operation, input)
}

function checkSources(operation: string, { source, sourceLengths }: DecodingInput): void {
  const [rows = 0, time = 0] = source.shape
  if (source.shape.length !== 2 || (sourceLengths !== undefined && sourceLengths.data.length !== rows)) {
    throw new RnnError({
      code: 'E_SHAPE',
      operation,
      problem: `source is [${source.shape.join(', ')}] with ${sourceLengths?.data.length ?? rows} lengths`,
      fix: 'give ids [batch, time] and a length for each row',
    })
  }
  // Kernels cut lengths to 0 … time without a word.
  const bad = sourceLengths?.data.findIndex((length) => !(length >= 0 && length <= time)) ?? -1
  if (bad < 0) return
  throw new RnnError({
    code: 'E_VALUE',
    operation,
    problem: `source ${bad} has length ${sourceLengths?.data[bad]}, but ${time} steps`,
    fix: `give lengths 0 … ${time}`,
  })
}

/** @throws E_ABORTED */
export function checkSignal(operation: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new RnnError({ code: 'E_ABORTED', operation, problem: 'aborted by its signal' })
}
