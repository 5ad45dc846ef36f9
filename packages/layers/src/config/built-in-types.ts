// The layers of this package by the type in their JSON form.

import { RnnError } from '@rnn/core'
import { additiveAttention, type AdditiveAttentionOptions } from '../attention/additive-attention.ts'
import { Attention, ATTENTION_SIZE_TYPES, type AttentionSizes } from '../attention/attention.ts'
import { concatAttention, type ConcatAttentionOptions } from '../attention/concat-attention.ts'
import { dotAttention, type DotAttentionOptions } from '../attention/dot-attention.ts'
import { generalAttention } from '../attention/general-attention.ts'
import { multiHeadAttention, type MultiHeadAttentionOptions } from '../attention/multi-head-attention.ts'
import { highway, type HighwayOptions } from '../containers/highway.ts'
import { residual } from '../containers/residual.ts'
import { sequential } from '../containers/sequential.ts'
import { share } from '../containers/sharing.ts'
import { tie } from '../containers/ties.ts'
import { timeDistributed } from '../containers/time-distributed.ts'
import { CONV_LSTM_OPTION_TYPES, convLstm1d, convLstm2d, type ConvLstmOptions } from '../convolution/conv-lstm.ts'
import { conv1d, conv2d, CONVOLUTION_OPTION_TYPES, type ConvolutionLayerOptions } from '../convolution/convolution.ts'
import type { Size1d, Size2d } from '../convolution/size.ts'
import { encoderDecoder } from '../encoder-decoder/encoder-decoder.ts'
import { SETTING_TYPES, type EncoderDecoderSettings } from '../encoder-decoder/options.ts'
import { activation, type ActivationName } from '../layers/activation.ts'
import { activityRegularization } from '../layers/activity-regularization.ts'
import { dense, DENSE_OPTION_TYPES, type DenseOptions } from '../layers/dense.ts'
import { dropout } from '../layers/dropout.ts'
import { Embedding, embedding, EMBEDDING_OPTION_TYPES, type EmbeddingOptions } from '../layers/embedding.ts'
import {
  layerNormalization,
  LAYER_NORMALIZATION_OPTION_TYPES,
  type LayerNormalizationOptions,
} from '../layers/layer-normalization.ts'
import { lastOverTime } from '../layers/last-over-time.ts'
import { masking, type MaskingOptions } from '../layers/masking.ts'
import { maxOverTime } from '../layers/max-over-time.ts'
import { meanOverTime } from '../layers/mean-over-time.ts'
import {
  POSITION_EMBEDDING_OPTION_TYPES,
  positionalEncoding,
  positionEmbedding,
  type PositionEmbeddingOptions,
} from '../layers/positional-encoding.ts'
import { TIED_DENSE_OPTION_TYPES, TiedDense, type TiedDenseSettings } from '../layers/tied-dense.ts'
import { bidirectional, type BidirectionalOptions } from '../recurrent/bidirectional.ts'
import { gru, GRU_OPTION_TYPES, type GruLayerOptions } from '../recurrent/gru.ts'
import { indRnn, type IndRnnOptions } from '../recurrent/ind-rnn.ts'
import { jordan, JORDAN_OPTION_TYPES, type JordanLayerOptions } from '../recurrent/jordan.ts'
import { lstm, LSTM_OPTION_TYPES, type LstmLayerOptions } from '../recurrent/lstm.ts'
import { minGru } from '../recurrent/min-gru.ts'
import { minLstm } from '../recurrent/min-lstm.ts'
import { RECURRENT_OPTION_TYPES, recurrentOptions } from '../recurrent/recurrent-options.ts'
import { Recurrent } from '../recurrent/recurrent.ts'
import { stacked } from '../recurrent/stacked.ts'
import { simpleRnn, SIMPLE_OPTION_TYPES, type SimpleRnnOptions } from '../recurrent/simple-rnn.ts'
import {
  TRANSFORMER_ENCODER_LAYER_OPTION_TYPES,
  transformerEncoderLayer,
  type TransformerEncoderLayerOptions,
} from '../transformer/transformer-encoder-layer.ts'
import { readRegularizer } from '../weights/read-weight-options.ts'
import type { Regularizer } from '../weights/regularizer.ts'
import { WEIGHT_OPTION_TYPES } from '../weights/weight-options.ts'
import type { Module } from '../module.ts'
import { readOptions, type Json, type ModuleConfig } from './config.ts'
import type { ModuleTypes } from './from-json.ts'

type ActivityConfig = { readonly regularizer: Regularizer }
type EmbeddingConfig = Omit<EmbeddingOptions, 'weights'>

/** A new layer is added here with one line. */
export const BUILT_IN_TYPES: ModuleTypes = {
  embedding: (config) =>
    embedding(readOptions<EmbeddingConfig>(config, EMBEDDING_OPTION_TYPES, ['vocabularySize', 'units'])),
  simpleRnn: (config) => simpleRnn(readOptions<SimpleRnnOptions>(config, SIMPLE_RNN, ['units'])),
  lstm: (config) => lstm(readOptions<LstmLayerOptions>(config, LSTM, ['units'])),
  gru: (config) => gru(readOptions<GruLayerOptions>(config, GRU, ['units'])),
  indRnn: (config) => indRnn(readOptions<IndRnnOptions>(config, IND_RNN, ['units'])),
  jordan: (config) => jordan(readOptions<JordanLayerOptions>(config, JORDAN, ['units'])),
  minGru: (config) => minGru(recurrentOptions(config)),
  minLstm: (config) => minLstm(recurrentOptions(config)),
  stacked: ({ type, layers, ...rest }, revive) => {
    readOptions({ type, ...rest }, {})
    const parts = Array.isArray(layers) ? layers.map(revive) : []
    const recurrent = parts.filter((part) => part instanceof Recurrent)
    const [first, ...others] = recurrent
    if (first === undefined || recurrent.length < parts.length)
      throw unexpected(type, 'layers is no array of recurrent ones')
    return stacked(first, ...others)
  },
  bidirectional: ({ type, layer, ...rest }, revive) => {
    const inner = revive(layer)
    if (!(inner instanceof Recurrent))
      throw unexpected(type, `layer is of type '${inner.type}', expected a recurrent one`)
    return bidirectional(inner, readOptions<BidirectionalOptions>({ type, ...rest }, { merge: 'string' }))
  },
  dense: (config) => dense(readOptions<DenseOptions>(config, DENSE_OPTION_TYPES, ['units'])),
  conv1d: (config) => conv1d(readOptions<ConvolutionLayerOptions<Size1d>>(config, CONVOLUTION_OPTION_TYPES, WINDOWS)),
  conv2d: (config) => conv2d(readOptions<ConvolutionLayerOptions<Size2d>>(config, CONVOLUTION_OPTION_TYPES, WINDOWS)),
  convLstm1d: (config) => convLstm1d(readOptions<ConvLstmOptions<Size1d>>(config, CONV_LSTM_OPTION_TYPES, WINDOWS)),
  convLstm2d: (config) => convLstm2d(readOptions<ConvLstmOptions<Size2d>>(config, CONV_LSTM_OPTION_TYPES, WINDOWS)),
  tiedDense: (config) => new TiedDense(readOptions<TiedDenseSettings>(config, TIED_DENSE_OPTION_TYPES)),
  activation: (config) =>
    activation(readOptions<{ function: ActivationName }>(config, { function: 'string' }, ['function']).function),
  activityRegularization: (config) =>
    activityRegularization(readOptions<ActivityConfig>(config, ACTIVITY, ['regularizer']).regularizer),
  dropout: (config) => dropout(readOptions<{ rate: number }>(config, { rate: 'number' }, ['rate']).rate),
  masking: (config) => masking(readOptions<MaskingOptions>(config, { value: 'number' })),
  maxOverTime: (config) => withoutOptions(config, maxOverTime),
  meanOverTime: (config) => withoutOptions(config, meanOverTime),
  lastOverTime: (config) => withoutOptions(config, lastOverTime),
  layerNormalization: (config) =>
    layerNormalization(readOptions<LayerNormalizationOptions>(config, LAYER_NORMALIZATION_OPTION_TYPES)),
  positionalEncoding: (config) => withoutOptions(config, positionalEncoding),
  positionEmbedding: (config) =>
    positionEmbedding(readOptions<PositionEmbeddingOptions>(config, POSITION_EMBEDDING_OPTION_TYPES, ['maxLength'])),
  transformerEncoderLayer: (config) =>
    transformerEncoderLayer(
      readOptions<TransformerEncoderLayerOptions>(config, TRANSFORMER_ENCODER_LAYER_OPTION_TYPES, [
        'heads',
        'feedForwardUnits',
      ]),
    ),
  residual: ({ layer, ...config }, revive) => withoutOptions(config, () => residual(revive(layer))),
  highway: ({ layer, ...config }, revive) =>
    highway(revive(layer), readOptions<HighwayOptions>(config, HIGHWAY_OPTION_TYPES)),
  timeDistributed: ({ layer, ...config }, revive) => withoutOptions(config, () => timeDistributed(revive(layer))),
  sequential: ({ type, layers, shared, ties, ...rest }, revive) => {
    readOptions({ type, ...rest }, {})
    if (!Array.isArray(layers)) throw unexpected(type, 'layers is no array')
    const made: Module[] = []
    for (const config of layers as readonly Json[]) made.push(sameAgain(made, config) ?? revive(config))
    const whole = sequential(...made)
    if (shared !== undefined) share(whole, shared)
    if (ties !== undefined) tie(whole, ties)
    return whole
  },
  additiveAttention: (config) => additiveAttention(readOptions<AdditiveAttentionOptions>(config, ADDITIVE, ['units'])),
  concatAttention: (config) => concatAttention(readOptions<ConcatAttentionOptions>(config, CONCAT, ['units'])),
  dotAttention: (config) => dotAttention(readOptions<DotAttentionOptions>(config, DOT)),
  generalAttention: (config) => generalAttention(readOptions<AttentionSizes>(config, ATTENTION_SIZE_TYPES)),
  multiHeadAttention: (config) =>
    multiHeadAttention(readOptions<MultiHeadAttentionOptions>(config, MULTI_HEAD, ['heads', 'units'])),
  encoderDecoder: ({ type, source, encoder, target, decoder, attention, ...rest }, revive) => {
    const settings = readOptions<EncoderDecoderSettings>({ type, ...rest }, SETTING_TYPES)
    const part = <M>(name: string, config: Json | undefined, kind: abstract new (...values: never) => M): M => {
      const module: unknown = revive(config)
      if (module instanceof kind) return module
      throw unexpected(type, `${name} is not of a type that can stand there`)
    }
    return encoderDecoder({
      ...settings,
      source: part('source', source, Embedding),
      encoder: part('encoder', encoder, Recurrent),
      decoder: part('decoder', decoder, Recurrent),
      ...(target !== undefined && { target: part('target', target, Embedding) }),
      ...(attention !== undefined && { attention: part('attention', attention, Attention) }),
    })
  },
}

const HIGHWAY_OPTION_TYPES = { inputSize: 'number', ...WEIGHT_OPTION_TYPES } as const
const ACTIVITY = { regularizer: readRegularizer } as const
const WINDOWS = ['filters', 'kernelSize'] as const
const ADDITIVE = { units: 'number', useBias: 'boolean', coverage: 'boolean', ...ATTENTION_SIZE_TYPES } as const
const CONCAT = { units: 'number', ...ATTENTION_SIZE_TYPES } as const
const DOT = { scaled: 'boolean', ...ATTENTION_SIZE_TYPES } as const
const MULTI_HEAD = {
  heads: 'number',
  units: 'number',
  useBias: 'boolean',
  dropout: 'number',
  ...ATTENTION_SIZE_TYPES,
} as const

const SIMPLE_RNN = { ...RECURRENT_OPTION_TYPES, ...SIMPLE_OPTION_TYPES } as const
const LSTM = { ...RECURRENT_OPTION_TYPES, ...LSTM_OPTION_TYPES } as const
const GRU = { ...RECURRENT_OPTION_TYPES, ...GRU_OPTION_TYPES } as const
const IND_RNN = { ...RECURRENT_OPTION_TYPES, activation: 'string' } as const
const JORDAN = { ...RECURRENT_OPTION_TYPES, ...JORDAN_OPTION_TYPES } as const

/** The layer that stands in a sequential a second time. */
function sameAgain(layers: readonly Module[], config: Json): Module | undefined {
  if (typeof config !== 'object' || config === null || !('type' in config) || config['type'] !== 'shared')
    return undefined
  const { with: place } = readOptions<{ with: number }>(config as ModuleConfig, { with: 'number' }, ['with'])
  const layer = layers[place]
  if (layer === undefined) throw unexpected('sequential', `there is no layer ${place} to be used again`)
  return layer
}

function withoutOptions<M>(config: ModuleConfig, make: () => M): M {
  readOptions(config, {})
  return make()
}

function unexpected(operation: string, problem: string): RnnError {
  return new RnnError({ code: 'E_CONFIGURATION', operation, problem })
}
