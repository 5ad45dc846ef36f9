// @rnn/layers: embedding, recurrent, dense and other layers, containers, and saved models for @rnn.

export { AdditiveAttention, additiveAttention, type AdditiveAttentionOptions } from './attention/additive-attention.ts'
export {
  Attention,
  type Attended,
  type AttentionInput,
  type AttentionMemory,
  type AttentionSizes,
} from './attention/attention.ts'
export { ConcatAttention, concatAttention, type ConcatAttentionOptions } from './attention/concat-attention.ts'
export { DotAttention, dotAttention, type DotAttentionOptions } from './attention/dot-attention.ts'
export { GeneralAttention, generalAttention } from './attention/general-attention.ts'
export {
  MultiHeadAttention,
  multiHeadAttention,
  type MultiHeadAttentionOptions,
} from './attention/multi-head-attention.ts'
export { ScoredAttention } from './attention/scored-attention.ts'
export { type Json, type ModuleConfig } from './config/config.ts'
export { fromJSON, type ModuleFactory, type ModuleTypes } from './config/from-json.ts'
export { Highway, highway, type HighwayOptions } from './containers/highway.ts'
export { Residual, residual } from './containers/residual.ts'
export { Sequential, sequential } from './containers/sequential.ts'
export { TimeDistributed, timeDistributed } from './containers/time-distributed.ts'
export {
  child,
  INFERENCE,
  type Carry,
  type ClosedGaps,
  type ForwardContext,
  type PassedOn,
  type PassNotes,
} from './context.ts'
export {
  ConvLstm,
  convLstm1d,
  convLstm2d,
  type ConvLstmOptions,
  type ConvLstmRunOptions,
  type ConvLstmRunResult,
  type ConvLstmState,
} from './convolution/conv-lstm.ts'
export { conv1d, conv2d, Convolution, type ConvolutionLayerOptions } from './convolution/convolution.ts'
export type { Size1d, Size2d } from './convolution/size.ts'
export { beamSearch, type BeamSearchOptions } from './decoding/beam-search.ts'
export { greedy } from './decoding/greedy.ts'
export type { Hypothesis } from './decoding/hypothesis.ts'
export type { DecodingInput, DecodingOptions } from './decoding/options.ts'
export { sample, type SampleOptions } from './decoding/sample.ts'
export { type DecoderMemory, type DecoderState } from './encoder-decoder/decoder-state.ts'
export { Decoding, type SteppingModel } from './encoder-decoder/decoding.ts'
export {
  EncoderDecoder,
  encoderDecoder,
  type DecoderStep,
  type EncoderDecoderInput,
  type SourceInput,
} from './encoder-decoder/encoder-decoder.ts'
export { type EncoderDecoderOptions, type EncoderDecoderSettings } from './encoder-decoder/options.ts'
export { isHostArray, upload, type BatchLike, type HostArray, type Uploaded, type UploadedBatch } from './host-array.ts'
export {
  importPytorch,
  type ImportableLayer,
  type ImportPytorchOptions,
  type PytorchState,
} from './interchange/import-pytorch.ts'
export { Activation, activation, type ActivationName } from './layers/activation.ts'
export { ActivityRegularization, activityRegularization } from './layers/activity-regularization.ts'
export { Dense, dense, type DenseOptions } from './layers/dense.ts'
export { Dropout, dropout } from './layers/dropout.ts'
export { Embedding, embedding, type EmbeddingOptions } from './layers/embedding.ts'
export { LayerNormalization, layerNormalization, type LayerNormalizationOptions } from './layers/layer-normalization.ts'
export { LastOverTime, lastOverTime } from './layers/last-over-time.ts'
export { Masking, masking, type MaskingOptions } from './layers/masking.ts'
export { MaxOverTime, maxOverTime } from './layers/max-over-time.ts'
export { MeanOverTime, meanOverTime } from './layers/mean-over-time.ts'
export {
  PositionalEncoding,
  positionalEncoding,
  PositionEmbedding,
  positionEmbedding,
  type PositionEmbeddingOptions,
} from './layers/positional-encoding.ts'
export { TiedDense, type KernelOwner, type TiedDenseOptions, type TiedDenseSettings } from './layers/tied-dense.ts'
export type { InitOptions } from './lifetime.ts'
export { Module, type AnyModule, type NamedModule } from './module.ts'
export type { HostInput, Prediction, PredictInput, PredictOptions } from './predict.ts'
export { bidirectional, type BidirectionalOptions } from './recurrent/bidirectional.ts'
export { gru, type GruLayerOptions } from './recurrent/gru.ts'
export { indRnn, type IndRnnOptions } from './recurrent/ind-rnn.ts'
export { jordan, type JordanLayerOptions } from './recurrent/jordan.ts'
export { lstm, type LstmLayerOptions } from './recurrent/lstm.ts'
export type { Merge } from './recurrent/merge.ts'
export { minGru } from './recurrent/min-gru.ts'
export { minLstm } from './recurrent/min-lstm.ts'
export { recurrentOptions, type RecurrentOptions } from './recurrent/recurrent-options.ts'
export {
  Recurrent,
  type Direction,
  type RecurrentDescription,
  type RecurrentState,
  type RecurrentStructure,
  type RunOptions,
  type RunResult,
} from './recurrent/recurrent.ts'
export type { Level } from './recurrent/level.ts'
export { resetStates } from './recurrent/reset-states.ts'
export { rnn } from './recurrent/rnn.ts'
export { stacked } from './recurrent/stacked.ts'
export { simpleRnn, type SimpleRnnOptions } from './recurrent/simple-rnn.ts'
export { Variable, type NamedVariable, type VariableKind, type VariableOptions } from './variable.ts'
export {
  maxNorm,
  maxValue,
  minMaxNorm,
  nonNegative,
  unitNorm,
  type Constraint,
  type MinMaxNormOptions,
  type NormOptions,
} from './weights/constraint.ts'
export { loadModel, saveModel, type ModelFiles } from './weights/model-files.ts'
export { l1, l1l2, l2, type L1L2Options, type Regularizer } from './weights/regularizer.ts'
export { readSafetensors, writeSafetensors, type SafetensorsFile } from './weights/safetensors.ts'
export type { RecurrentWeightOptions, WeightOptions } from './weights/weight-options.ts'
export { loadWeights, saveWeights } from './weights/weights.ts'
export { Stepper, type StepperOptions } from './stepper.ts'
export {
  TransformerEncoderLayer,
  transformerEncoderLayer,
  type TransformerEncoderLayerOptions,
} from './transformer/transformer-encoder-layer.ts'
