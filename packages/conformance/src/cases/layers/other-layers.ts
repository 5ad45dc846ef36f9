// Layers and containers without a cell: normalisation, attention, shortcuts, masks, tied kernels.

import {
  activityRegularization,
  additiveAttention,
  bidirectional,
  concatAttention,
  dense,
  dotAttention,
  embedding,
  encoderDecoder,
  generalAttention,
  gru,
  highway,
  l2,
  layerNormalization,
  lstm,
  masking,
  meanOverTime,
  multiHeadAttention,
  positionalEncoding,
  positionEmbedding,
  residual,
  sequential,
  timeDistributed,
  transformerEncoderLayer,
  type Attention,
} from '@rnn/layers'
import type { ConformanceCase } from '../../case.ts'
import { input, inputOf } from '../../programs.ts'
import { layerCases } from './layer-case.ts'

const [BATCH, TIME, FEATURES, UNITS] = [3, 5, 4, 4]
const x = input([BATCH, TIME, FEATURES], 221)
const lengths = inputOf([BATCH], [3, 5, 0], 'int32')
/** 0 stands for nothing: before, within and after the words, and all along. */
const ids = inputOf([BATCH, TIME], [0, 0, 1, 5, 2, 3, 0, 4, 6, 0, 0, 0, 0, 0, 0], 'int32')
const RECURRENT_PATH = 2 * TIME * (FEATURES + UNITS + 10)
const sizes = { querySize: 3, memorySize: FEATURES }

const ATTENTION: readonly (readonly [name: string, make: () => Attention])[] = [
  ['additiveAttention', () => additiveAttention({ units: 5, useBias: true, ...sizes })],
  ['concatAttention', () => concatAttention({ units: 5, ...sizes })],
  ['dotAttention', () => dotAttention({ scaled: true, querySize: FEATURES, memorySize: FEATURES })],
  ['generalAttention', () => generalAttention(sizes)],
  ['multiHeadAttention', () => multiHeadAttention({ heads: 2, units: UNITS, ...sizes })],
]

function words(): ReturnType<typeof embedding> {
  return embedding({ vocabularySize: 7, units: UNITS })
}

export const otherLayerCases: readonly ConformanceCase[] = [
  ...layerCases('layers/layerNormalization/sequence', 'layer normalisation', {
    make: () => layerNormalization({ inputSize: FEATURES }),
    x,
    roundings: 64,
    composite: true,
  }),
  ...layerCases('layers/layerNormalization/plain', 'layer normalisation without gain and bias', {
    make: () => layerNormalization({ inputSize: FEATURES, useGain: false, useBias: false, epsilon: 1e-3 }),
    x: input([7, FEATURES], 222),
    roundings: 64,
  }),
  ...(['after', 'before'] as const).flatMap((normalize) =>
    layerCases(
      `layers/transformerEncoderLayer/${normalize}`,
      `a Transformer block that normalises ${normalize}, of ragged rows`,
      {
        make: () =>
          transformerEncoderLayer({
            heads: 2,
            feedForwardUnits: 6,
            inputSize: FEATURES,
            normalize,
            activation: normalize === 'after' ? 'gelu' : 'relu',
            dropout: 0.25,
          }),
        x,
        lengths,
        training: normalize === 'before',
        roundings: 600,
        composite: normalize === 'after',
      },
    ),
  ),
  ...ATTENTION.flatMap(([name, make]) =>
    layerCases(`layers/${name}/ragged`, `${name} over ragged rows, one of them empty`, {
      make,
      x: { query: input([BATCH, 2, name === 'dotAttention' ? FEATURES : 3], 223), memory: x },
      lengths,
      roundings: 200,
    }),
  ),
  ...layerCases('layers/positionalEncoding/sequence', 'sinusoids of the position', {
    make: positionalEncoding,
    x,
    roundings: 4,
  }),
  ...layerCases('layers/positionEmbedding/sequence', 'a trained vector for each position', {
    make: () => positionEmbedding({ maxLength: TIME + 2, inputSize: FEATURES }),
    x,
    roundings: 8,
  }),
  ...layerCases('layers/residual/gru', 'a shortcut around a GRU', {
    make: () => residual(gru({ units: FEATURES, inputSize: FEATURES })),
    x,
    lengths,
    roundings: RECURRENT_PATH,
  }),
  ...layerCases('layers/highway/dense', 'a gated shortcut around a dense layer', {
    make: () => highway(dense({ units: FEATURES, activation: 'tanh' }), { inputSize: FEATURES }),
    x,
    roundings: 64,
  }),
  ...layerCases('layers/timeDistributed/nested', 'a GRU over the sequence within each step', {
    make: () => timeDistributed(gru({ units: UNITS, inputSize: 3, returns: 'last' })),
    x: input([2, 3, 4, 3], 224),
    roundings: RECURRENT_PATH,
  }),
  ...layerCases('layers/activityRegularization/dense', 'a penalty on the output leaves the output as it is', {
    make: () =>
      sequential(
        dense({ units: 3, inputSize: FEATURES, activityRegularizer: l2(0.1) }),
        activityRegularization(l2(0.5)),
      ),
    x,
    lengths,
    roundings: 32,
  }),
  ...layerCases('layers/masking/sequence', 'gaps are closed for a bidirectional LSTM, and opened again', {
    make: () => sequential(masking(), words(), bidirectional(lstm({ units: 3 })), dense({ units: 2 })),
    x: ids,
    roundings: RECURRENT_PATH,
  }),
  ...layerCases('layers/masking/pooled', 'gaps are closed for the mean over time, within given lengths', {
    make: () => sequential(masking(), words(), meanOverTime()),
    x: ids,
    lengths: inputOf([BATCH], [4, 5, 5], 'int32'),
    roundings: 32,
  }),
  ...layerCases(
    'layers/tiedDense/words',
    'the vectors by which words are read score them, and get the gradients of both',
    {
      make: () => {
        const table = words()
        return sequential(table, gru({ units: UNITS }), dense({ tiedTo: table }))
      },
      x: ids,
      roundings: RECURRENT_PATH,
    },
  ),
  ...layerCases('layers/encoderDecoder/attention', 'the logits of teacher forcing, with attention, and a tied output', {
    make: () =>
      encoderDecoder({
        source: words(),
        encoder: bidirectional(gru({ units: 3 })),
        decoder: gru({ units: UNITS }),
        attention: additiveAttention({ units: 5 }),
        tieOutput: true,
      }),
    x: {
      source: inputOf([2, 3], [1, 2, 3, 4, 5, 0], 'int32'),
      sourceLengths: inputOf([2], [3, 2], 'int32'),
      target: inputOf([2, 2], [1, 6, 1, 3], 'int32'),
    },
    // A score's gradient is a difference of products of a gradient and an encoding, each about 0.1, and meets states of about 0.1.
    scale: 1e-3,
    roundings: 2 * RECURRENT_PATH,
  }),
]
