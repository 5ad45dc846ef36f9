/** The spectrum against its definition and Parseval's theorem, the mel scales against published values, the whole by hand. */
import { describe, expect, it } from 'vitest'
import { powerSpectrum } from '../src/audio/fft.ts'
import { hertzOf, melFilters, melOf } from '../src/audio/mel-filters.ts'
import { logMel, randomStream } from '../src/index.ts'
import { failure } from './failure.ts'

function noise(length: number): Float64Array {
  const random = randomStream(3)
  return Float64Array.from({ length }, () => random.uint32() / 2 ** 31 - 1)
}

function powerOf(frame: Float64Array, size: number): Float64Array {
  const power = new Float64Array(size / 2 + 1)
  powerSpectrum(size)(frame, power)
  return power
}

describe('powerSpectrum', () => {
  it.each([2, 4, 8, 64, 512])('is the definition, for %i points', (size) => {
    const frame = noise(size - (size > 4 ? 3 : 0)) // the rest counts as zero
    const power = powerOf(frame, size)
    for (let k = 0; k <= size / 2; k++) {
      let [re, im] = [0, 0]
      for (const [n, x] of frame.entries()) {
        re += x * Math.cos((2 * Math.PI * k * n) / size)
        im += x * Math.sin((2 * Math.PI * k * n) / size)
      }
      // Errors of sums of `size` terms below one, in float64.
      expect(Math.abs(power[k]! - (re * re + im * im))).toBeLessThan(size * size * 1e-15)
    }
  })

  it('keeps the energy (Parseval)', () => {
    const frame = noise(1024)
    const power = powerOf(frame, 1024)
    const inner = power.subarray(1, 512).reduce((sum, value) => sum + value, 0)
    const energy = frame.reduce((sum, x) => sum + x * x, 0)
    expect((power[0]! + power[512]! + 2 * inner) / 1024 / energy).toBeCloseTo(1, 12)
  })

  it('puts a wave into its bin, and is ready for the next frame', () => {
    const wave = Float64Array.from({ length: 32 }, (_, n) => Math.cos((2 * Math.PI * 5 * n) / 32))
    const spectrum = powerSpectrum(32)
    const power = new Float64Array(17)
    spectrum(noise(32), power)
    spectrum(wave, power)
    expect(power[5]).toBeCloseTo(256, 9) // (N/2)²
    expect(power.filter((value) => value > 1e-20)).toHaveLength(1)
  })
})

describe('mel scales', () => {
  it('give the values of librosa’s documentation', () => {
    expect(melOf(60, 'slaney')).toBeCloseTo(0.9, 12)
    expect([110, 220, 440].map((hertz) => melOf(hertz, 'slaney').toFixed(2))).toEqual(['1.65', '3.30', '6.60'])
    expect([1, 2, 3, 4, 5].map((mel) => hertzOf(mel, 'slaney').toFixed(3))).toEqual([
      '66.667',
      '133.333',
      '200.000',
      '266.667',
      '333.333',
    ])
    // mel_frequencies(n_mels=40), 0 to 11025 Hz
    const step = melOf(11025, 'slaney') / 39
    expect([1, 11, 12, 13].map((i) => hertzOf(i * step, 'slaney').toFixed(3))).toEqual([
      '85.317',
      '938.490',
      '1024.856',
      '1119.114',
    ])
  })

  it('meet at 1000 Hz, and come back', () => {
    expect(melOf(1000, 'htk')).toBeCloseTo(1000, 1)
    expect(melOf(1000, 'slaney')).toBe(15)
    expect(melOf(6400, 'slaney')).toBeCloseTo(42, 12)
    for (const scale of ['htk', 'slaney'] as const)
      for (const hertz of [0, 50, 999, 1001, 8000]) expect(hertzOf(melOf(hertz, scale), scale)).toBeCloseTo(hertz, 8)
  })
})

describe('melFilters', () => {
  it('are triangles that sum to one between the first and the last peak (htk), or have area one (slaney)', () => {
    const options = { sampleRate: 16000, fftSize: 1024, bands: 20 }
    const sums = new Float64Array(513)
    for (const { first, weights } of melFilters(options)) weights.forEach((weight, i) => (sums[first + i]! += weight))
    const mel = melOf(8000, 'htk') / 21
    const [from, to] = [hertzOf(mel, 'htk'), hertzOf(20 * mel, 'htk')]
    const between = sums.filter((_, k) => k * 15.625 >= from && k * 15.625 <= to)
    expect(between.length).toBeGreaterThan(400)
    for (const sum of between) expect(sum).toBeCloseTo(1, 6) // the sums are float32
    for (const { weights } of melFilters({ ...options, fftSize: 2 ** 17, scale: 'slaney' })) {
      const area = weights.reduce((sum, weight) => sum + weight, 0) * (16000 / 2 ** 17)
      expect(area).toBeCloseTo(1, 4)
    }
  })

  it('have the weights that one computes by hand', () => {
    // Slaney below 1000 Hz is linear: three bands from 0 to 400 Hz have corners at 0, 100, 200, 300, 400.
    const [first, second] = melFilters({ sampleRate: 800, fftSize: 16, bands: 3, scale: 'slaney' })
    expect(first!.first).toBe(0)
    expect([...first!.weights]).toEqual([0, 0.5, 1, 0.5, 0].map((weight) => expect.closeTo(weight / 100, 12)))
    expect(second!.first).toBe(2)
  })
})

describe('logMel', () => {
  it('gives what one computes by hand', () => {
    // A frame of four under the Hann window 0, ½, 1, ½; samples of one: X = 2, −1, 0; bins at 0, 200 and 400 Hz.
    const mel = logMel({ sampleRate: 800, window: 4, hop: 2, bands: 1, scale: 'slaney', floor: 1e-3 })
    const { data, shape } = mel.features(Float32Array.of(1, 1, 1, 1, 1, 1, 0, 0, 0, 0))
    expect(shape).toEqual([4, 1])
    // One triangle from 0 over 200 to 400 Hz of height 2/400 sees |X₁|² only; the third frame is 0, ½, 0, 0.
    const ln = (energy: number): unknown => expect.closeTo(Math.log(energy / 200), 5)
    expect([...data]).toEqual([ln(1), ln(1), ln(0.25), Math.fround(Math.log(1e-3))])
  })

  it('has 98 frames of 25 ms a second, and hears where a tone is', () => {
    const mel = logMel({ sampleRate: 16000 })
    const tone = (hertz: number): Float32Array =>
      Float32Array.from({ length: 16000 }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / 16000))
    expect(mel.frameCount(16000)).toBe(98)
    expect(mel.frameCount(399)).toBe(0)
    for (const hertz of [300, 1000, 4000]) {
      const { data, shape } = mel.features(tone(hertz))
      expect(shape).toEqual([98, 40])
      const loudest = data.subarray(400, 440).indexOf(Math.max(...data.subarray(400, 440)))
      expect(loudest).toBe(Math.round((melOf(hertz, 'htk') / melOf(8000, 'htk')) * 41) - 1)
    }
  })

  it.each([
    ['htk', 256],
    ['htk', 200],
    ['slaney', 121],
  ] as const)(
    'agrees with frames as long as the FFT whose middle the window takes, where it is said to: %s, %i',
    (scale, window) => {
      const [sampleRate, fftSize, hop, bands] = [8000, 256, 80, 10]
      const sound = Float32Array.from(noise(1500))
      // As torch.stft and librosa's stft do with center=False: the window is padded to the FFT on both sides, frames are counted by the FFT.
      const before = Math.floor((fftSize - window) / 2)
      const padded = new Float64Array(fftSize)
      for (let n = 0; n < window; n++) padded[before + n] = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / window)
      const theirFrames = 1 + Math.floor((sound.length - fftSize) / hop)
      const filters = melFilters({ sampleRate, fftSize, bands, scale })
      const theirs = Array.from({ length: theirFrames }, (_, i) => {
        const power = powerOf(
          padded.map((w, n) => w * sound[i * hop + n]!),
          fftSize,
        )
        return filters.map(({ first, weights }) => weights.reduce((sum, w, k) => sum + w * power[first + k]!, 0))
      }).flat()
      const mel = logMel({ sampleRate, window, hop, fftSize, bands, scale })
      const { data } = mel.features(sound.subarray(before))
      expect(mel.frameCount(sound.length - before)).toBeGreaterThanOrEqual(theirFrames)
      // Logarithms are rounded to float32: of at most 32, by half of 2⁻¹⁹.
      theirs.forEach((energy, i) => expect(Math.abs(data[i]! - Math.log(energy))).toBeLessThan(2 ** -19))
    },
  )

  it('says what is wrong with options and sounds', () => {
    const options = { sampleRate: 8000 }
    expect(failure(() => logMel({ ...options, fftSize: 300 })).message).toContain('power of two; use 512')
    expect(failure(() => logMel({ ...options, fftSize: 128 })).message).toContain('less than the window of 200')
    expect(failure(() => logMel({ ...options, bands: 100 })).message).toContain('lies between two bins')
    expect(failure(() => logMel({ ...options, highest: 5000 })).message).toContain('no range within 0 to 4000')
    expect(failure(() => logMel({ ...options, floor: 0 })).code).toBe('E_ARGUMENT')
    const mel = logMel(options)
    expect(failure(() => mel.features(new Float32Array(199))).code).toBe('E_SHAPE')
    expect(failure(() => mel.features(new Float32Array(300).fill(NaN))).code).toBe('E_NOT_FINITE')
  })
})
