// Encoder and decoder (Sutskever et al. 2014; Cho et al. 2014) with attention: one sequence in, another out.

import {
  formatShape,
  logitsOf,
  mul,
  reshape,
  RnnError,
  scope,
  splitKey,
  zeros,
  type DeferredLogits,
  type RandomKey,
  type Tensor,
} from '@rnn/core'
import type { Attention } from '../attention/attention.ts'
import { describe, type ModuleConfig } from '../config/config.ts'
import { child, INFERENCE, type ForwardContext } from '../context.ts'
import { dropoutMask, requireKey } from '../layers/dropout.ts'
import type { Embedding } from '../layers/embedding.ts'
import { Module } from '../module.ts'
import type { Recurrent } from '../recurrent/recurrent.ts'
import { Bridge } from './bridge.ts'
import { Decoder } from './decoder.ts'
import { reorderState, rowsOf, type DecoderState } from './decoder-state.ts'
import { Decoding } from './decoding.ts'
import {
  checkOptions,
  checkTeacherForcing,
  type EncoderDecoderOptions,
  type EncoderDecoderSettings,
} from './options.ts'
import { OutputProjection } from './output-projection.ts'
import { Readout } from './readout.ts'
import { drawGuesses, runForced } from './teacher-forcing.ts'

/** What an encoder–decoder reads while it trains: `translationDataset` of `@rnn/data` gives it. */
export type EncoderDecoderInput = {
  /** int32 `[batch, sourceTime]`. */
  readonly source: Tensor
  /** int32 `[batch]`. Default: every row is full. */
  readonly sourceLengths?: Tensor | undefined
  /** int32 `[batch, targetTime]`: what the decoder is fed, the start and then the words. */
  readonly target: Tensor
  /** Not read: what comes after a row's end has no label, and so no loss. */
  readonly targetLengths?: Tensor | undefined
  /** In place of `model.teacherForcing`, for this batch. */
  readonly teacherForcing?: number | undefined
}

/** A source to be decoded. */
export type SourceInput = Pick<EncoderDecoderInput, 'source' | 'sourceLengths'>

/** One step of decoding. Everything belongs to the caller's scope; the state's memory is the same as that of the state before. */
export interface DecoderStep {
  /** float32 `[rows, vocabularySize]`. */
  readonly logits: Tensor
  /** float32 `[rows, sourceTime]`: what each row looked at; undefined for a model without attention. */
  readonly attention: Tensor | undefined
  readonly state: DecoderState
}

/**
 * Reads a sequence and writes another. `forward` is teacher forcing: given source and target, the logits of every next word, as `DeferredLogits`, of which
 * `crossEntropy` of `@rnn/train` computes the loss by pieces. `decoding` writes step by step.
 */
export class EncoderDecoder extends Module<EncoderDecoderInput, DeferredLogits> {
  readonly settings: EncoderDecoderSettings
  readonly source: Embedding
  readonly encoder: Recurrent
  readonly bridge: Bridge
  readonly target: Embedding
  readonly attention: Attention | undefined
  readonly decoder: Recurrent
  readonly readout: Readout
  readonly output: OutputProjection
  #teacherForcing: number

  constructor(options: EncoderDecoderOptions) {
    super()
    checkOptions(options)
    const { source, encoder, decoder, attention, target = source, ...settings } = options
    const { bridge = 'dense', readout = 'tanh', tieOutput = false, teacherForcing = 1 } = settings
    const { readoutUnits = tieOutput ? target.options.units : decoder.hiddenSize } = settings
    this.settings = settings
    this.source = source
    this.encoder = encoder
    this.bridge = new Bridge(bridge, encoder as Recurrent, decoder as Recurrent)
    this.target = target
    this.attention = attention
    this.decoder = decoder
    this.readout = new Readout(readout === 'none' ? undefined : readoutUnits)
    this.output = new OutputProjection(target, tieOutput)
    this.#teacherForcing = teacherForcing
  }

  override get type(): string {
    return 'encoderDecoder'
  }

  /** How many of the fed words are the teacher's in the training steps to come, 0 … 1. A schedule sets it before each step. @throws E_VALUE when set to anything else */
  get teacherForcing(): number {
    return this.#teacherForcing
  }

  set teacherForcing(ratio: number) {
    checkTeacherForcing(ratio)
    this.#teacherForcing = ratio
  }

  override build(): number {
    const { attend = 'before', inputFeeding = false, readoutEmbedding = true } = this.settings
    const { attention, decoder } = this
    const memorySize = this.encoder.build(this.source.build())
    if (memorySize === undefined)
      throw new RnnError({
        code: 'E_NOT_BUILT',
        operation: this.type,
        problem: 'the encoder does not know its output size',
      })
    this.bridge.build(undefined)
    const embedding = this.target.build()
    attention?.buildFor(decoder.hiddenSize, memorySize)
    const context = attention?.contextSize
    const read = this.readout.buildFor({
      state: decoder.hiddenSize,
      context,
      embedding: readoutEmbedding ? embedding : undefined,
    })
    const fed = attend === 'before' ? (context ?? 0) : inputFeeding ? read : 0
    decoder.build(embedding + fed)
    return this.output.build(read)
  }

  /**
   * The logits after each fed word, float32 `[batch, targetTime, vocabularySize]`, not computed yet.
   *
   * While training, `context.key` decides what is dropped, and with `teacherForcing` below 1 which words are the decoder's own guesses.
   *
   * @throws E_SHAPE, E_DTYPE, E_NOT_BUILT; E_INDEX_RANGE, at once or at the next read, for ids outside a vocabulary
   */
  override forward(input: EncoderDecoderInput, context: ForwardContext = INFERENCE): DeferredLogits {
    const { target, teacherForcing = this.#teacherForcing } = input
    const { training } = context
    checkTeacherForcing(teacherForcing)
    checkIds('target', target, input.source)
    return scope(target.backend, () => {
      const decoder = this.#decoder(context)
      const first = this.#begin(decoder, input, context)
      const [rows = 0, steps = 0] = target.shape
      decoder.cells.drawMasks(target, rows, steps, child(context, 'decoder'))
      const guesses =
        training && teacherForcing < 1
          ? drawGuesses(this.#key(context, 'teacherForcing'), rows, steps, teacherForcing)
          : undefined
      const readout =
        decoder.loops || guesses !== undefined
          ? runForced(decoder, first, {
              target,
              guesses,
              embed: (ids, t) =>
                this.#dropped(this.target.forward(ids, context), context, t === undefined ? 'target' : `target${t}`),
              project: (each) => this.output.forward(each),
            })
          : this.#allAtOnce(decoder, first, target, context)
      const { readoutDropout = 0 } = this.settings
      return this.output.forward(this.#masked(readout, readoutDropout, context, 'readout'))
    })
  }

  /** Nothing that a step needs comes from the step before but the cell's states: they run as one op, and attention over all steps at once. */
  #allAtOnce(decoder: Decoder, { states, memory }: DecoderState, target: Tensor, context: ForwardContext): Tensor {
    const embedded = this.#dropped(this.target.forward(target, context), context, 'target')
    const { sequence } = this.decoder.run(embedded, {
      ...child(context, 'decoder'),
      lengths: undefined,
      initial: states as never, // the bridge makes what the decoder's cell declares
    })
    const found = memory && decoder.find(sequence, memory)
    return decoder.read(sequence, found, decoder.readoutPart(embedded), memory)
  }

  /**
   * Reads the source: the state from which decoding starts, one row for each source. For a session that looks after its own memory, see `decoding`.
   *
   * @returns new tensors, which belong to the caller's scope
   */
  encode(input: SourceInput): DecoderState {
    return scope(input.source.backend, () => this.#begin(this.#decoder(INFERENCE), input, INFERENCE))
  }

  /**
   * One step of decoding, of all rows: feeds a word each, gives the logits of the next.
   *
   * ```ts
   * const first = translator.encode({ source, sourceLengths })
   * const { logits, state } = translator.step(tensor(Int32Array.of(2, 2), { backend }), first)
   * const next = translator.step(argmax(logits), translator.reorder(state, Int32Array.of(1, 0)))
   * ```
   *
   * @param words int32 `[rows]`
   * @param state is left as it is: several steps may go on from one state
   */
  step(words: Tensor, state: DecoderState): DecoderStep {
    const rows = rowsOf(state)
    if (words.rank !== 1 || words.size !== rows || words.dtype !== 'int32') {
      throw new RnnError({
        code: words.dtype === 'int32' ? 'E_SHAPE' : 'E_DTYPE',
        operation: this.type,
        problem: `the words of a step are ${words.dtype} ${formatShape(words.shape)}, expected int32 [${rows}]`,
      })
    }
    return scope(words.backend, () => {
      const decoder = this.#decoder(INFERENCE)
      const embedded = this.target.forward(words)
      const seen = decoder.readoutPart(embedded)
      const {
        output,
        found,
        readout,
        state: after,
      } = decoder.step(decoder.cells.embeddingPart(embedded), seen, state, 0)
      const read = readout ?? decoder.read(output, found, seen, state.memory)
      const attention = found && reshape(found.weights, [rows, found.weights.shape[2] ?? 0])
      return { logits: logitsOf(this.output.forward(read)), attention, state: after }
    })
  }

  /** See `reorderState`: the same decoding with other rows. New tensors belong to the caller's scope. */
  reorder(state: DecoderState, indices: Int32Array | Tensor): DecoderState {
    return scope(this.backend, () => reorderState(state, indices))
  }

  /**
   * Starts to write: a session that owns its state, one row for each source at first.
   *
   * ```ts
   * using decoding = translator.decoding({ source, sourceLengths })
   * const { logits } = decoding.step(Int32Array.of(2, 2)) // the start of each row
   * decoding.reorder(Int32Array.of(0, 0, 1, 1)) // two hypotheses of each
   * ```
   *
   * @param input tensors, which stay the caller's
   */
  decoding(input: SourceInput): Decoding {
    return new Decoding(this, this.encode(input))
  }

  #decoder(context: ForwardContext): Decoder {
    const { attend = 'before', inputFeeding = false, readoutEmbedding = true } = this.settings
    const { decoder, attention, readout, target } = this
    const parts = {
      decoder,
      attention,
      attend,
      inputFeeding,
      readout,
      readoutEmbedding,
      embeddingSize: target.outputSize,
    }
    return new Decoder(parts, child(context, 'attention'))
  }

  #begin(decoder: Decoder, { source, sourceLengths }: SourceInput, context: ForwardContext): DecoderState {
    checkIds('source', source, source)
    const [batch = 0] = source.shape
    const { backend } = source
    const embedded = this.#dropped(this.source.forward(source, context), context, 'source')
    const { sequence, final } = this.encoder.run(embedded, { ...child(context, 'encoder'), lengths: sourceLengths })
    const states = this.bridge.forward({ final, batch, backend })
    return decoder.begin(states, decoder.memoryOf(sequence, sourceLengths), (width) =>
      zeros([batch, width], { backend }),
    )
  }

  #dropped(embedded: Tensor, context: ForwardContext, name: string): Tensor {
    return this.#masked(embedded, this.settings.dropout ?? 0, context, name)
  }

  #masked(x: Tensor, rate: number, context: ForwardContext, name: string): Tensor {
    if (!context.training || rate === 0) return x
    return mul(x, dropoutMask(x, x.shape, rate, this.#key(context, name)))
  }

  #key(context: ForwardContext, name: string): RandomKey {
    return splitKey(requireKey(this.type, context.key), name)
  }

  override toJSON(): ModuleConfig {
    const { source, encoder, target, attention, decoder, settings } = this
    return describe(this.type, {
      source: source.toJSON(),
      encoder: encoder.toJSON(),
      ...(target !== source && { target: target.toJSON() }),
      decoder: decoder.toJSON(),
      ...(attention && { attention: attention.toJSON() }),
      ...settings,
    })
  }
}

/** @throws E_SHAPE, E_DTYPE */
function checkIds(name: string, ids: Tensor, source: Tensor): void {
  const fits = ids.rank === 2 && ids.shape[0] === source.shape[0]
  if (fits && ids.dtype === 'int32') return
  throw new RnnError({
    code: fits ? 'E_DTYPE' : 'E_SHAPE',
    operation: 'encoderDecoder',
    problem: `${name} is ${ids.dtype} ${formatShape(ids.shape)}, expected int32 [${source.shape[0] ?? 'batch'}, time]`,
    fix: 'give ids as an Int32Array, one row for each sentence',
  })
}

/**
 * A model that reads one sequence and writes another: translation, spelling, arithmetic as text.
 *
 * ```ts
 * const model = encoderDecoder({
 *   source: embedding({ vocabularySize: 8000, units: 256, paddingIndex: 0 }),
 *   encoder: bidirectional(gru({ units: 512 })),
 *   target: embedding({ vocabularySize: 6000, units: 256, paddingIndex: 0 }),
 *   decoder: gru({ units: 512 }),
 *   attention: additiveAttention({ units: 512 }),
 *   dropout: 0.5,
 * })
 * ```
 *
 * @throws E_VALUE for options out of range, E_CONFIGURATION for options that contradict one another
 */
export function encoderDecoder(options: EncoderDecoderOptions): EncoderDecoder {
  return new EncoderDecoder(options)
}
