// Gradients of convolutions, and of a convolutional cell through the scan.

import { conv1d, conv2d, convLstmCell, scan, type Cell, type Tensor } from '@rnn/core'
import type { ConformanceCase } from '../../case.ts'
import { gradientCases } from '../../gradients.ts'
import { input, inputOf } from '../../programs.ts'

/** A convolution as a case. Sizes by dimension: two numbers for an image, one for a sequence. */
interface Convolution {
  readonly frames: readonly number[]
  readonly frame: readonly number[]
  readonly kernel: readonly number[]
  readonly channels: number
  readonly filters: number
  readonly stride?: number
  readonly dilation?: number
  readonly padding?: 'same' | 'valid'
  /** Default: true. */
  readonly differences?: boolean
}

const image = { frames: [2], frame: [5, 4], kernel: [3, 3], channels: 2, filters: 3 } as const
const sequence = { frames: [3], frame: [7], kernel: [3], channels: 2, filters: 3 } as const

const CONVOLUTIONS: readonly (readonly [variant: string, title: string, convolution: Convolution])[] = [
  ['valid', 'windows within the frame', image],
  ['same', 'zeros beyond the edge', { ...image, padding: 'same' }],
  ['strided', 'strides and dilation', { ...image, frame: [7, 8], stride: 2, dilation: 2, padding: 'same' }],
  ['even', 'an even kernel over films', { ...image, frames: [2, 2], kernel: [2, 4], padding: 'same' }],
  ['sequence', 'windows over time', { ...sequence, padding: 'same' }],
  ['sequence-strided', 'windows over time with a stride beyond them', { ...sequence, kernel: [2], stride: 3 }],
  // So large that frames go one at a time.
  [
    'pieces',
    'a kernel as large as a large frame',
    { frames: [2], frame: [23, 23], kernel: [23, 23], channels: 1, filters: 2, differences: false },
  ],
]

const product = (sizes: readonly number[]): number => sizes.reduce((left, right) => left * right, 1)

const convolutionCases = CONVOLUTIONS.flatMap(([variant, title, each]) => {
  const { frames, frame, kernel, channels, filters, stride, dilation, padding, differences = true } = each
  const options = { stride, dilation, padding }
  return gradientCases(`gradients/convolution/${variant}`, `the gradients of a convolution: ${title}`, {
    parameters: {
      x: input([...frames, ...frame, channels], 161),
      kernel: input([...kernel, channels, filters], 162),
      bias: input([filters], 163),
    },
    // Forward and backward, each a sum over taps and channels or filters, or over all windows.
    roundings: 2 * (product(kernel) * Math.max(channels, filters) + product(frames) * product(frame)),
    differences,
    run: ({ x, kernel: weights, bias }) =>
      frame.length === 1 ? conv1d(x, weights, { ...options, bias }) : conv2d(x, weights, { ...options, bias }),
  })
})

const [BATCH, TIME, FILTERS] = [3, 3, 2]
const cell = convLstmCell({ frame: [4, 3], channels: 1, filters: FILTERS, kernelSize: [3, 3] })
const parameters = {
  x: input([BATCH, TIME, 12], 171),
  kernel: input([3, 3, 1, 4 * FILTERS], 172),
  recurrent: input([3, 3, FILTERS, 4 * FILTERS], 173, 1),
  bias: input([4 * FILTERS], 174),
  hidden: input([BATCH, cell.units], 175, 1),
  cell: input([BATCH, cell.units], 176),
}
const lengths = inputOf([BATCH], [2, 3, 0], 'int32')
const mask = inputOf(
  [BATCH, cell.units],
  Array.from({ length: BATCH * cell.units }, (_, i) => ((i * 5) % 7 < 5 ? 1.5 : 0)),
)
const ROUNDINGS = 2 * TIME * (9 * FILTERS + BATCH * 12 + 10)

const cellCases = ([false, true] as const).flatMap((reverse) =>
  gradientCases(
    `gradients/convLstm/ragged${reverse ? '-reverse-dropout' : ''}`,
    `a ragged film through a convolutional LSTM${reverse ? ', from its end, with recurrent dropout' : ''}`,
    {
      parameters,
      constants: { lengths, mask },
      roundings: ROUNDINGS,
      run: ({ x, hidden, cell: memory, ...weights }, constants): readonly Tensor[] => {
        const { sequence, final } = scan(cell as unknown as Cell, x, weights, {
          units: cell.units,
          initial: [hidden, memory],
          lengths: constants.lengths,
          hiddenMask: reverse ? constants.mask : undefined,
          reverse,
        })
        return [sequence, ...final]
      },
    },
  ),
)

/** Convolutions and the convolutional LSTM. */
export const convolutionGradients: readonly ConformanceCase[] = [...convolutionCases, ...cellCases]
