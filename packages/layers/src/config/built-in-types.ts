// The layers of this package by the type in their JSON form.

import { RnnError } from '@rnn/core'
import { sequential } from '../containers/sequential.ts'
import { activation, type ActivationName } from '../layers/activation.ts'
import { dense, type DenseOptions } from '../layers/dense.ts'
import { dropout } from '../layers/dropout.ts'
import { embedding, type EmbeddingOptions } from '../layers/embedding.ts'
import { lastOverTime } from '../layers/last-over-time.ts'
import { maxOverTime } from '../layers/max-over-time.ts'
import { meanOverTime } from '../layers/mean-over-time.ts'
import { bidirectional, type BidirectionalOptions } from '../recurrent/bidirectional.ts'
import { gru } from '../recurrent/gru.ts'
import { lstm } from '../recurrent/lstm.ts'
import { RECURRENT_OPTION_TYPES, recurrentOptions } from '../recurrent/recurrent-options.ts'
import { Recurrent } from '../recurrent/recurrent.ts'
import { simpleRnn, type SimpleRnnOptions } from '../recurrent/simple-rnn.ts'
import { readOptions, type ModuleConfig } from './config.ts'
import type { ModuleTypes } from './from-json.ts'

type EmbeddingConfig = Omit<EmbeddingOptions, 'weights' | 'initializer'>
type DenseConfig = Omit<DenseOptions, 'kernelInitializer'>

/** A new layer is added here with one line. */
export const BUILT_IN_TYPES: ModuleTypes = {
  embedding: (config) => embedding(readOptions<EmbeddingConfig>(config, EMBEDDING, ['vocabularySize', 'units'])),
  simpleRnn: (config) => simpleRnn(readOptions<SimpleRnnOptions>(config, SIMPLE_RNN, ['units'])),
  lstm: (config) => lstm(recurrentOptions(config)),
  gru: (config) => gru(recurrentOptions(config)),
  bidirectional: ({ type, layer, ...rest }, revive) => {
    const inner = revive(layer)
    if (!(inner instanceof Recurrent))
      throw unexpected(type, `layer is of type '${inner.type}', expected a recurrent one`)
    return bidirectional(inner, readOptions<BidirectionalOptions>({ type, ...rest }, { merge: 'string' }))
  },
  dense: (config) => dense(readOptions<DenseConfig>(config, DENSE, ['units'])),
  activation: (config) =>
    activation(readOptions<{ function: ActivationName }>(config, { function: 'string' }, ['function']).function),
  dropout: (config) => dropout(readOptions<{ rate: number }>(config, { rate: 'number' }, ['rate']).rate),
  maxOverTime: (config) => withoutOptions(config, maxOverTime),
  meanOverTime: (config) => withoutOptions(config, meanOverTime),
  lastOverTime: (config) => withoutOptions(config, lastOverTime),
  sequential: ({ type, layers, ...rest }, revive) => {
    readOptions({ type, ...rest }, {})
    if (!Array.isArray(layers)) throw unexpected(type, 'layers is no array')
    return sequential(...layers.map(revive))
  },
}

const EMBEDDING = { vocabularySize: 'number', units: 'number', paddingIndex: 'number', trainable: 'boolean' } as const
const DENSE = { units: 'number', activation: 'string', useBias: 'boolean', inputSize: 'number' } as const
const SIMPLE_RNN = { ...RECURRENT_OPTION_TYPES, activation: 'string' } as const

function withoutOptions<M>(config: ModuleConfig, make: () => M): M {
  readOptions(config, {})
  return make()
}

function unexpected(operation: string, problem: string): RnnError {
  return new RnnError({ code: 'E_CONFIGURATION', operation, problem })
}
