/** Sounds as log-mel features: what networks that listen read. */

import { checkFinite } from '../checks/finite.ts'
import { checkWhole, DataError, shown } from '../errors.ts'
import { hostArray } from '../host-array.ts'
import type { HostArray } from '../host-array.ts'
import { powerSpectrum } from './fft.ts'
import { melFilters } from './mel-filters.ts'
import type { MelScale } from './mel-filters.ts'

/** Options of {@link logMel}. */
export interface LogMelOptions {
  /** Samples a second. */
  readonly sampleRate: number
  /** The length of a frame, in samples. Default: 25 ms. */
  readonly window?: number
  /** From one frame to the next, in samples. Default: 10 ms. */
  readonly hop?: number
  /** A power of two, at least `window`; frames are padded with zeros at their ends. Default: the least such. */
  readonly fftSize?: number
  /** How many features a frame has. Default 40. */
  readonly bands?: number
  /** Where the first band starts, in Hz. Default 0. */
  readonly lowest?: number
  /** Where the last band ends, in Hz. Default: half of the sample rate. */
  readonly highest?: number
  /** Default `htk`. */
  readonly scale?: MelScale
  /** The least energy of a band, so that silence has a logarithm. Default 1e-10. */
  readonly floor?: number
}

/** Makes features of sounds of one sample rate. */
export interface LogMel {
  readonly sampleRate: number
  readonly bands: number
  /** How many frames a sound of so many samples has: whole ones only. */
  frameCount(samples: number): number
  /**
   * The features of a sound, float32 `[frames, bands]`, as a new array that the caller owns. Throws `E_SHAPE` for a
   * sound shorter than one frame, `E_NOT_FINITE` for NaN or infinity in it.
   */
  features(samples: Float32Array): HostArray<Float32Array>
}

/**
 * Log-mel features: frames under a periodic Hann window, w_n = ½ − ½·cos(2πn/N), their power spectrum |X_k|², gathered
 * by triangles on the mel scale, and ln(max(floor, energy)) of each (Davis and Mermelstein 1980, without the last
 * cosine transform). The first frame starts at the first sample; nothing is padded at the ends of a sound. Throws
 * `E_ARGUMENT` for options that make no sense.
 *
 * With a window as long as the FFT the energies, before the logarithm, are those of torchaudio's
 * `MelSpectrogram(center=False)` (`htk`) and of librosa's `melspectrogram(center=False)` (`slaney`). With a shorter
 * one, as by default unless 25 ms are a power of two, frames lie elsewhere: here a frame is `window` samples and zeros
 * behind them, there `fftSize` samples of which the window takes the middle. Their frames are then ours of the sound
 * without its first ⌊(fftSize − window) / 2⌋ samples, and as many as `fftSize` samples fit, which may be fewer.
 *
 * @example
 * ```ts
 * import { logMel } from '@rnn/data'
 * const tone = Float32Array.from({ length: 8000 }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / 8000))
 * const features = logMel({ sampleRate: 8000, bands: 20 }).features(tone)
 * features.shape // → [98, 20]
 * const first = features.data.subarray(0, 20)
 * first.indexOf(Math.max(...first)) // → 4
 * ```
 */
export function logMel(options: LogMelOptions): LogMel {
  const { sampleRate, floor = 1e-10, bands = 40 } = options
  checkWhole(sampleRate, 'sampleRate', 1)
  const { window = Math.round(0.025 * sampleRate), hop = Math.max(1, Math.round(0.01 * sampleRate)) } = options
  checkWhole(window, 'window', 2)
  checkWhole(hop, 'hop', 1)
  const fftSize = options.fftSize ?? 2 ** Math.ceil(Math.log2(window))
  if (fftSize < window || !(floor > 0)) {
    const small = fftSize < window
    throw new DataError('E_ARGUMENT', {
      problem: small ? `fftSize ${fftSize} is less than the window of ${window}` : `floor is ${shown(floor)}`,
      got: small ? fftSize : floor,
      expected: small ? `at least ${window}` : 'a number above 0',
      fix: small ? `use ${2 ** Math.ceil(Math.log2(window))}` : 'expected a number above 0',
    })
  }
  const spectrum = powerSpectrum(fftSize)
  const filters = melFilters({ ...options, fftSize, bands })
  const hann = Float64Array.from({ length: window }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / window))
  const frameCount = (samples: number): number => (samples < window ? 0 : 1 + Math.floor((samples - window) / hop))

  return {
    sampleRate,
    bands,
    frameCount,
    features(samples) {
      const frames = frameCount(samples.length)
      if (frames === 0) {
        throw new DataError('E_SHAPE', {
          problem: `a sound of ${samples.length} samples is shorter than one frame of ${window}`,
          got: samples.length,
          expected: `at least ${window} samples`,
          fix: 'leave it out, pad it with zeros or make the window shorter',
        })
      }
      checkFinite(samples, 'samples')
      const data = new Float32Array(frames * bands)
      const frame = new Float64Array(window)
      const power = new Float64Array(fftSize / 2 + 1)
      for (let i = 0; i < frames; i++) {
        for (let n = 0; n < window; n++) frame[n] = samples[i * hop + n]! * hann[n]!
        spectrum(frame, power)
        for (const [band, { first, weights }] of filters.entries()) {
          let energy = 0
          for (let k = 0; k < weights.length; k++) energy += weights[k]! * power[first + k]!
          data[i * bands + band] = Math.log(Math.max(floor, energy))
        }
      }
      return hostArray(data, [frames, bands])
    },
  }
}
