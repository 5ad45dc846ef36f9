// Convolutions against sums written out by hand: values and gradients, and what they refuse.

import { valueAndGrad } from '@rnn/autodiff'
import { cpu } from '@rnn/backend-cpu'
import { conv1d, conv2d, mul, scope, sum, tensor, type Shape, type Tensor } from '@rnn/core'
import { expect, test } from 'vitest'

interface Options {
  readonly frames?: number
  readonly frame: readonly [height: number, width: number]
  readonly kernel: readonly [height: number, width: number]
  readonly channels: number
  readonly filters: number
  readonly stride?: readonly [number, number]
  readonly dilation?: readonly [number, number]
  readonly padding?: 'same' | 'valid'
}

const wave = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + 0.01 * i * i + seed))

/** Output and gradients of Σ output · weights, in float64. */
function byHand(options: Options, x: Float32Array, kernel: Float32Array, bias: Float32Array) {
  const { frames = 2, frame, kernel: taps, channels, filters, padding = 'valid' } = options
  const [stride, dilation] = [options.stride ?? [1, 1], options.dilation ?? [1, 1]]
  const span = taps.map((count, d) => (count - 1) * dilation[d]! + 1)
  const same = padding === 'same'
  const windows = frame.map((length, d) => Math.ceil((same ? length : length - span[d]! + 1) / stride[d]!))
  const before = windows.map((count, d) =>
    same ? Math.floor(Math.max((count - 1) * stride[d]! + span[d]! - frame[d]!, 0) / 2) : 0,
  )
  const output = new Float64Array(frames * windows[0]! * windows[1]! * filters)
  const weights = wave(output.length, 9)
  const gradX = new Float64Array(x.length)
  const gradKernel = new Float64Array(kernel.length)
  const gradBias = new Float64Array(filters)
  let o = 0
  for (let n = 0; n < frames; n++)
    for (let row = 0; row < windows[0]!; row++)
      for (let column = 0; column < windows[1]!; column++)
        for (let filter = 0; filter < filters; filter++, o++) {
          output[o] = bias[filter]!
          gradBias[filter]! += weights[o]!
          for (let i = 0; i < taps[0]; i++)
            for (let j = 0; j < taps[1]; j++) {
              const [y, z] = [
                row * stride[0] + i * dilation[0] - before[0]!,
                column * stride[1] + j * dilation[1] - before[1]!,
              ]
              if (y < 0 || y >= frame[0] || z < 0 || z >= frame[1]) continue
              for (let channel = 0; channel < channels; channel++) {
                const at = ((n * frame[0] + y) * frame[1] + z) * channels + channel
                const k = ((i * taps[1] + j) * channels + channel) * filters + filter
                output[o]! += x[at]! * kernel[k]!
                gradX[at]! += weights[o]! * kernel[k]!
                gradKernel[k]! += weights[o]! * x[at]!
              }
            }
        }
  return { windows, output, weights, gradX, gradKernel, gradBias }
}

/** As many roundings as the longest of the sums has terms, in units of its largest result. */
function expectClose(got: ArrayLike<number>, expected: Float64Array, terms: number): void {
  expect(got.length).toBe(expected.length)
  const bound = terms * 2 ** -24 * expected.reduce((most, each) => Math.max(most, Math.abs(each)), 1)
  const misses = Array.from(got, (value, i) => ({ i, value, due: expected[i]! }))
  expect(misses.filter(({ value, due }) => !(Math.abs(value - due) <= bound))).toEqual([])
}

const base = { frame: [5, 4], kernel: [3, 3], channels: 2, filters: 3 } as const
const CASES: Readonly<Record<string, Options>> = {
  valid: base,
  same: { ...base, padding: 'same' },
  'a window of one pixel': { ...base, kernel: [1, 1] },
  'a kernel as large as the frame': { ...base, kernel: [5, 4] },
  'a kernel larger than the frame, same': { ...base, kernel: [7, 9], padding: 'same' },
  'even kernels, same: the odd zero at the end': { ...base, kernel: [2, 4], padding: 'same' },
  strides: { ...base, frame: [7, 8], stride: [2, 3] },
  'strides, same': { ...base, frame: [7, 8], stride: [2, 3], padding: 'same' },
  'a stride beyond the kernel skips pixels': { ...base, frame: [7, 8], kernel: [1, 2], stride: [2, 3] },
  dilation: { ...base, frame: [7, 8], dilation: [2, 3] },
  'dilation, same': { ...base, dilation: [3, 1], padding: 'same' },
  'one row': { ...base, frame: [1, 6], kernel: [1, 3], padding: 'same' },
  'more frames than go at a time': {
    frames: 12,
    frame: [64, 60],
    kernel: [5, 5],
    channels: 1,
    filters: 1,
    padding: 'same',
  },
}

test.each(Object.entries(CASES))('conv2d and its gradients: %s', async (_, options) => {
  const backend = await cpu()
  const { frames = 2, frame, kernel: taps, channels, filters, stride, dilation, padding } = options
  const x = wave(frames * frame[0] * frame[1] * channels, 0)
  const kernel = wave(taps[0] * taps[1] * channels * filters, 1)
  const bias = wave(filters, 2)
  const expected = byHand(options, x, kernel, bias)
  const shape = [frames, ...expected.windows, filters]
  scope(backend, () => {
    const weights = tensor(expected.weights, { backend, shape })
    const run = (p: Record<'x' | 'kernel' | 'bias', Tensor>): Tensor =>
      conv2d(p.x, p.kernel, { stride, dilation, padding, bias: p.bias })
    const parameters = {
      x: tensor(x, { backend, shape: [frames, ...frame, channels] }),
      kernel: tensor(kernel, { backend, shape: [...taps, channels, filters] }),
      bias: tensor(bias, { backend }),
    }
    const output = run(parameters)
    expect(output.shape).toEqual(shape)
    expectClose(output.dataSync(), expected.output, taps[0] * taps[1] * channels + 1)
    const { gradients } = valueAndGrad((p: typeof parameters) => sum(mul(run(p), weights)))(parameters)
    expectClose(gradients.x.dataSync(), expected.gradX, taps[0] * taps[1] * filters)
    expectClose(gradients.kernel.dataSync(), expected.gradKernel, shape[0]! * shape[1]! * shape[2]!)
    expectClose(gradients.bias.dataSync(), expected.gradBias, shape[0]! * shape[1]! * shape[2]!)
  })
  expect(backend.stats().liveBuffers).toBe(0)
})

test('conv1d is conv2d over one row, and any axes may come first', async () => {
  const backend = await cpu()
  scope(backend, () => {
    const x = tensor(wave(60, 0), { backend, shape: [2, 3, 5, 2] })
    const kernel = tensor(wave(24, 1), { backend, shape: [3, 2, 4] })
    const options = { padding: 'same', stride: 2, dilation: 2 } as const
    const got = conv1d(x, kernel, options)
    expect(got.shape).toEqual([2, 3, 3, 4])
    const row = (each: Tensor, shape: Shape): Tensor => tensor(each.dataSync() as Float32Array, { backend, shape })
    const two = conv2d(row(x, [6, 1, 5, 2]), row(kernel, [1, 3, 2, 4]), options)
    expect(got.dataSync()).toEqual(two.dataSync())
    expect(conv1d(row(x, [30, 2]), kernel, options).shape).toEqual([15, 4])
  })
})

test('no frames give no frames, and a gradient of zeros', async () => {
  const backend = await cpu()
  scope(backend, () => {
    const x = tensor(new Float32Array(0), { backend, shape: [0, 4, 4, 2] })
    const kernel = tensor(wave(18, 1), { backend, shape: [3, 3, 2, 1] })
    expect(conv2d(x, kernel).shape).toEqual([0, 2, 2, 1])
    const empty = tensor(new Float32Array(0), { backend, shape: [3, 0, 4, 2] })
    expect(conv2d(empty, kernel, { padding: 'same' }).shape).toEqual([3, 0, 4, 1])
    const both = valueAndGrad((each: Tensor) => sum(mul(conv2d(x, each), 2)))(kernel)
    expect([...both.gradients.dataSync()]).toEqual(new Array(18).fill(0))
  })
})

test('what does not fit is refused with what to do', async () => {
  const backend = await cpu()
  scope(backend, () => {
    const x = tensor(wave(32, 0), { backend, shape: [1, 4, 4, 2] })
    const kernelOf = (...shape: number[]): Tensor =>
      tensor(
        wave(
          shape.reduce((a, b) => a * b, 1),
          1,
        ),
        { backend, shape },
      )
    expect(() => conv2d(x, kernelOf(5, 3, 2, 1))).toThrow(
      "conv2d: a kernel of [5, 3] is larger than its frame of [4, 4]; use a smaller kernel, or padding: 'same'",
    )
    expect(() => conv2d(x, kernelOf(3, 3, 2, 1), { dilation: 2 })).toThrow(
      'a kernel of [3, 3], spread over [5, 5] is larger',
    )
    expect(() => conv2d(x, kernelOf(3, 3, 3, 1))).toThrow('has 2 channels, the kernel [3, 3, 3, 1] takes 3')
    expect(() => conv2d(x, kernelOf(3, 2, 1))).toThrow('expected [height, width, channels, filters]')
    expect(() => conv2d(tensor([1, 2], { backend }), kernelOf(3, 3, 2, 1))).toThrow(
      'x has shape [2], expected […, height, width, channels]',
    )
    expect(() => conv1d(x, kernelOf(5, 2, 1))).toThrow('a kernel of [5] is larger than its frame of [4]')
    expect(() => conv2d(x, kernelOf(3, 3, 2, 1), { stride: 0 })).toThrow('stride is 0; give a whole number')
    expect(() => conv2d(x, kernelOf(3, 3, 2, 1), { dilation: [1, 1.5] })).toThrow('dilation is [1, 1.5]')
    expect(() => conv2d(x, kernelOf(3, 3, 2, 1), { padding: 'full' as 'same' })).toThrow("padding is 'full'")
    expect(() => conv2d(x, kernelOf(0, 3, 2, 1))).toThrow('the size of the kernel is [0, 3]')
    expect(() => conv2d(x, kernelOf(3, 3, 2, 2), { bias: tensor([1], { backend }) })).toThrow('bias has shape [1]')
  })
  expect(backend.stats().liveBuffers).toBe(0)
})
