// Options of `encoderDecoder`, and what of them contradicts one another.

import { RnnError } from '@rnn/core'
import type { Attention } from '../attention/attention.ts'
import { checkChoice, checkRate, checkWhole } from '../checks.ts'
import type { Embedding } from '../layers/embedding.ts'
import type { Recurrent } from '../recurrent/recurrent.ts'

/** Options of `encoderDecoder` that are plain values. */
export interface EncoderDecoderSettings {
  /**
   * before: attend with the decoder's state before the step, and feed the context to the cell (Bahdanau et al. 2015). after: attend with the state after the step, and
   * use the context in the readout alone (Luong et al. 2015). Default: before.
   */
  readonly attend?: 'before' | 'after'
  /** With `attend: 'after'`: feed the readout of each step to the next one (Luong et al. 2015). Default: false. */
  readonly inputFeeding?: boolean
  /**
   * How the decoder's first states come from the encoder's last ones: dense: through a layer with tanh for each; identity: as they are, where cells, layers and sizes
   * agree (two directions side by side are of twice the units); zeros: not at all. Default: dense.
   */
  readonly bridge?: 'dense' | 'identity' | 'zeros'
  /** tanh: a layer over state, context and embedding before the vocabulary ("deep output"). none: these three go to the vocabulary as they are. Default: tanh. */
  readonly readout?: 'tanh' | 'none'
  /** Width of the readout. Default: the decoder's units; with `tieOutput` the embedding's. */
  readonly readoutUnits?: number
  /** Whether the readout sees the embedding of the word that was fed. Default: true. */
  readonly readoutEmbedding?: boolean
  /** The output's kernel is the target embedding's (Press & Wolf 2017). Default: false. */
  readonly tieOutput?: boolean
  /** Share of the embeddings (of both sides) that is dropped while training. Default: 0. */
  readonly dropout?: number
  /** Share of the readout that is dropped while training. Default: 0. */
  readonly readoutDropout?: number
  /**
   * How many of the fed words are the teacher's while training, 0 … 1; the others are the decoder's own best guesses (scheduled sampling, Bengio et al. 2015). Where it
   * starts: `model.teacherForcing` may be set before any step. Default: 1.
   */
  readonly teacherForcing?: number
}

/** Options of `encoderDecoder`. */
export interface EncoderDecoderOptions extends EncoderDecoderSettings {
  /** Embedding of the source words. */
  readonly source: Embedding
  /** Reads the source: stacked, bidirectional or residual, of any cell. */
  readonly encoder: Recurrent
  /** Embedding of the target words. Default: that of the source, shared. */
  readonly target?: Embedding
  /** Writes the target: stacked or residual, of any cell, forward. */
  readonly decoder: Recurrent
  /** How the decoder looks at what the encoder read. Default: not at all, but for the first states. */
  readonly attention?: Attention
}

/** JSON types of `EncoderDecoderSettings`. */
export const SETTING_TYPES = {
  attend: 'string',
  inputFeeding: 'boolean',
  bridge: 'string',
  readout: 'string',
  readoutUnits: 'number',
  readoutEmbedding: 'boolean',
  tieOutput: 'boolean',
  dropout: 'number',
  readoutDropout: 'number',
  teacherForcing: 'number',
} as const

const OPERATION = 'encoderDecoder'

/** @throws E_VALUE, E_CONFIGURATION */
export function checkOptions(options: EncoderDecoderOptions): void {
  const { attend, bridge, readout, readoutUnits, dropout, readoutDropout, teacherForcing } = options
  if (attend !== undefined) checkChoice(OPERATION, 'attend', attend, ['before', 'after'])
  if (bridge !== undefined) checkChoice(OPERATION, 'bridge', bridge, ['dense', 'identity', 'zeros'])
  if (readout !== undefined) checkChoice(OPERATION, 'readout', readout, ['tanh', 'none'])
  if (readoutUnits !== undefined) checkWhole(OPERATION, 'readoutUnits', readoutUnits, 1)
  if (dropout !== undefined) checkRate(OPERATION, 'dropout', dropout)
  if (readoutDropout !== undefined) checkRate(OPERATION, 'readoutDropout', readoutDropout)
  if (teacherForcing !== undefined) checkTeacherForcing(teacherForcing)
  checkStructure(options)
}

/** @throws E_VALUE unless it is a share */
export function checkTeacherForcing(ratio: number): void {
  if (ratio >= 0 && ratio <= 1) return
  throw new RnnError({
    code: 'E_VALUE',
    operation: OPERATION,
    problem: `teacherForcing is ${String(ratio)}`,
    fix: 'give the share of fed words that are the teacher’s: 0 … 1',
  })
}

function checkStructure({
  encoder,
  decoder,
  attention,
  attend,
  inputFeeding,
  readout,
  readoutUnits,
  tieOutput,
  target,
  source,
}: EncoderDecoderOptions): void {
  if (decoder.bidirectional || decoder.options.direction === 'backward') {
    throw contradiction('the decoder reads backward, but writes word by word', 'give a forward decoder')
  }
  if ((decoder.options.statefulRows ?? encoder.options.statefulRows) !== undefined) {
    throw contradiction('a stateful encoder or decoder: each pair begins anew', 'leave out statefulRows')
  }
  if (inputFeeding === true && (attention === undefined || attend !== 'after')) {
    throw contradiction(
      attention === undefined ? 'inputFeeding without attention' : "inputFeeding with attend: 'before'",
      "give an attention and attend: 'after'",
    )
  }
  if (inputFeeding === true && readout === 'none') {
    throw contradiction("inputFeeding with readout: 'none': there is nothing to feed", "use readout: 'tanh'")
  }
  if (readout === 'none' && readoutUnits !== undefined) {
    throw contradiction("readoutUnits with readout: 'none'", 'leave out one of them')
  }
  if (tieOutput === true) {
    const { units } = (target ?? source).options
    if (readout === 'none' || (readoutUnits ?? units) !== units) {
      throw contradiction(
        `tieOutput with ${readout === 'none' ? "readout: 'none'" : `readoutUnits ${readoutUnits}`}, but target embeddings of ${units}`,
        `leave out readoutUnits (it is ${units} then)`,
      )
    }
  }
}

function contradiction(problem: string, fix: string): RnnError {
  return new RnnError({ code: 'E_CONFIGURATION', operation: OPERATION, problem, fix })
}
