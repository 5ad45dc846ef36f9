// Convolutional layers.

import { conv1d, conv2d, convLstm1d, convLstm2d, sequential } from '@rnn/layers'
import type { ConformanceCase } from '../../case.ts'
import { input, inputOf } from '../../programs.ts'
import { layerCases } from './layer-case.ts'

const lengths = inputOf([3], [4, 1, 0], 'int32')
const film = input([3, 4, 4, 3, 2], 211)
/** Over a film: convolutions of some forty terms at each of four steps, and gates. */
const FILM = 2 * 4 * (40 + 10)

/** Convolutions over sequences and images, and convolutional LSTMs. */
export const convolutionLayers: readonly ConformanceCase[] = [
  ...layerCases('layers/conv1d/ragged', 'a convolution over ragged rows: nothing comes from past their ends', {
    make: () => conv1d({ filters: 3, kernelSize: 3, inputSize: 2, padding: 'same', activation: 'tanh' }),
    x: input([3, 4, 2], 212),
    lengths,
    roundings: 64,
  }),
  ...layerCases('layers/conv2d/strided', 'a convolution over images with a stride, rectified', {
    make: () => conv2d({ filters: 3, kernelSize: [3, 2], inputSize: 2, stride: [2, 1], activation: 'relu' }),
    x: input([2, 7, 5, 2], 213),
    roundings: 64,
  }),
  ...layerCases('layers/convLstm1d/sequence', 'a convolutional LSTM over sequences of sequences', {
    make: () => convLstm1d({ filters: 2, kernelSize: 3, inputSize: 2 }),
    x: input([2, 3, 5, 2], 214),
    roundings: FILM,
  }),
  ...layerCases('layers/convLstm2d/ragged-dropout', 'convolutional LSTMs over ragged films, in training', {
    make: () =>
      sequential(
        convLstm2d({ filters: 3, kernelSize: 3, inputSize: 2, recurrentDropout: 0.25 }),
        convLstm2d({ filters: 2, kernelSize: [3, 2], returns: 'last' }),
      ),
    x: film,
    lengths,
    training: true,
    roundings: 2 * FILM,
  }),
  ...layerCases('layers/convLstm2d/smaller-state', 'a convolutional LSTM whose state is smaller than its frames', {
    make: () => convLstm2d({ filters: 2, kernelSize: 2, inputSize: 2, stride: [2, 1], padding: 'valid' }),
    x: film,
    roundings: FILM,
  }),
]
