/** The mel scale, on which steps sound alike, and the triangles that gather a spectrum into its bands. */

import { checkWhole, DataError, shown } from '../errors.ts'

/**
 * Which mel scale: `htk` is 2595·log₁₀(1 + f/700) (O'Shaughnessy 1987; the HTK book), with triangles of height one;
 * `slaney` is linear below 1000 Hz and logarithmic above (Slaney's Auditory Toolbox 1998), with triangles of area one:
 * the defaults of torchaudio and of librosa.
 */
export type MelScale = 'htk' | 'slaney'

/** Options of {@link melFilters}. */
export interface MelFilterOptions {
  /** Samples a second. */
  readonly sampleRate: number
  /** A power of two. */
  readonly fftSize: number
  readonly bands: number
  /** Where the first band starts, in Hz. Default 0. */
  readonly lowest?: number
  /** Where the last band ends, in Hz. Default: half of the sample rate. */
  readonly highest?: number
  /** Default `htk`. */
  readonly scale?: MelScale
}

// Slaney: 200/3 Hz a mel up to 1000 Hz (15 mel), then a factor of 6.4 in 27 mel.
const linearStep = 200 / 3
const logStep = Math.log(6.4) / 27

/** Hertz as mel. */
export function melOf(hertz: number, scale: MelScale): number {
  if (scale === 'htk') return 2595 * Math.log10(1 + hertz / 700)
  return hertz < 1000 ? hertz / linearStep : 15 + Math.log(hertz / 1000) / logStep
}

/** Mel as Hertz. */
export function hertzOf(mel: number, scale: MelScale): number {
  if (scale === 'htk') return 700 * (10 ** (mel / 2595) - 1)
  return mel < 15 ? mel * linearStep : 1000 * Math.exp((mel - 15) * logStep)
}

/** A band: the weights of the bins from `first` on. */
export interface MelFilter {
  readonly first: number
  readonly weights: Float64Array
}

/**
 * Triangles whose corners lie at equal steps of the mel scale, each from the peak of its left neighbour to that of its
 * right one, evaluated at the frequencies of the bins. Throws `E_ARGUMENT` for options that make no sense and for a
 * band so narrow that no bin falls into it.
 */
export function melFilters(options: MelFilterOptions): MelFilter[] {
  const { sampleRate, fftSize, bands, lowest = 0, highest = sampleRate / 2, scale = 'htk' } = options
  checkWhole(bands, 'bands', 1)
  if (scale !== 'htk' && scale !== 'slaney') {
    throw new DataError('E_ARGUMENT', {
      problem: `scale is ${shown(scale)}, expected htk or slaney`,
      got: scale,
      expected: ['htk', 'slaney'],
    })
  }
  if (!(lowest >= 0 && lowest < highest && highest <= sampleRate / 2)) {
    throw new DataError('E_ARGUMENT', {
      problem: `lowest ${shown(lowest)} and highest ${shown(highest)} Hz are no range within 0 to ${sampleRate / 2}`,
      got: [lowest, highest],
      expected: `0 ≤ lowest < highest ≤ ${sampleRate / 2}, half of the sample rate`,
    })
  }
  const [from, to] = [melOf(lowest, scale), melOf(highest, scale)]
  const corner = (i: number): number => hertzOf(from + ((to - from) * i) / (bands + 1), scale)
  return Array.from({ length: bands }, (_, band) => {
    const [left, peak, right] = [corner(band), corner(band + 1), corner(band + 2)]
    const height = scale === 'slaney' ? 2 / (right - left) : 1
    const first = Math.max(0, Math.ceil((left * fftSize) / sampleRate))
    const last = Math.min(fftSize / 2, Math.floor((right * fftSize) / sampleRate))
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const hertz = ((first + i) * sampleRate) / fftSize
      return height * Math.max(0, Math.min((hertz - left) / (peak - left), (right - hertz) / (right - peak)))
    })
    if (weights.some((weight) => weight > 0)) return { first, weights }
    throw new DataError('E_ARGUMENT', {
      problem: `band ${band} (${left.toFixed(0)} to ${right.toFixed(0)} Hz) lies between two bins of an FFT of ${fftSize}`,
      got: bands,
      expected: 'at least one bin in each band',
      fix: 'make fftSize larger or bands fewer',
    })
  })
}
