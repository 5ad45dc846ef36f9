// Small encoder–decoders of all kinds, and batches for them.

import {
  additiveAttention,
  bidirectional,
  concatAttention,
  dotAttention,
  embedding,
  encoderDecoder,
  generalAttention,
  gru,
  lstm,
  multiHeadAttention,
  simpleRnn,
  type EncoderDecoder,
  type EncoderDecoderOptions,
  type HostArray,
} from '@rnn/layers'
import { ids } from './host.ts'

export const SOURCE_WORDS = 9
export const TARGET_WORDS = 8

type Kind = Partial<EncoderDecoderOptions>

const words = (vocabularySize: number, units: number) => embedding({ vocabularySize, units, paddingIndex: 0 })

/** Options that differ from: bidirectional GRU, GRU, no attention. */
export const KINDS: Readonly<Record<string, () => Kind>> = {
  'no attention': () => ({}),
  'additive, before': () => ({ attention: additiveAttention({ units: 5 }), dropout: 0.2, readoutDropout: 0.1 }),
  'additive with bias and coverage': () => ({
    attention: additiveAttention({ units: 5, useBias: true, coverage: true }),
  }),
  'additive coverage, after': () => ({ attention: additiveAttention({ units: 5, coverage: true }), attend: 'after' }),
  'dot, after': () => ({ attention: dotAttention(), attend: 'after', encoder: bidirectional(gru({ units: 3 })) }),
  'general, after': () => ({ attention: generalAttention(), attend: 'after' }),
  'concat, after, fed': () => ({ attention: concatAttention({ units: 5 }), attend: 'after', inputFeeding: true }),
  'heads, before': () => ({ attention: multiHeadAttention({ heads: 2, units: 4 }) }),
  'heads, after, fed': () => ({
    attention: multiHeadAttention({ heads: 2, units: 4 }),
    attend: 'after',
    inputFeeding: true,
  }),
  'lstm over two layers': () => ({
    encoder: bidirectional(lstm({ units: 4, layers: 2, dropout: 0.3 })),
    decoder: lstm({ units: 6, layers: 3, dropout: 0.3, recurrentDropout: 0.2, residual: true }),
    attention: additiveAttention({ units: 5 }),
  }),
  'lstm from gru, readout of its own': () => ({
    decoder: lstm({ units: 6 }),
    attention: generalAttention(),
    readoutUnits: 7,
    readoutEmbedding: false,
  }),
  'gru from lstm, zeros, no readout': () => ({
    encoder: lstm({ units: 5 }),
    attention: generalAttention(),
    bridge: 'zeros',
    readout: 'none',
  }),
  'identity bridge, tied output': () => ({
    encoder: simpleRnn({ units: 6, layers: 2, residual: true }),
    decoder: simpleRnn({ units: 6, layers: 2 }),
    bridge: 'identity',
    attention: additiveAttention({ units: 5 }),
    tieOutput: true,
  }),
}

/** A model of a kind; its sizes are all different where they can be. */
export function translator(kind: Kind): EncoderDecoder {
  return encoderDecoder({
    source: words(SOURCE_WORDS, 4),
    encoder: bidirectional(gru({ units: 4 })),
    target: words(TARGET_WORDS, 3),
    decoder: gru({ units: 6 }),
    ...kind,
  })
}

export const BATCH = {
  source: ids([3, 4], 2, 3, 4, 5, 6, 7, 0, 0, 8, 1, 2, 0),
  sourceLengths: ids([3], 4, 2, 3),
  target: ids([3, 3], 1, 2, 3, 1, 4, 5, 1, 6, 0),
  targetLengths: ids([3], 3, 3, 2),
} satisfies Record<string, HostArray>
