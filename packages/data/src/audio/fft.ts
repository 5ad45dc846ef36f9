/** The power spectrum of real frames by a fast Fourier transform of radix two, in float64. */

import { checkWhole, DataError } from '../errors.ts'

/**
 * A function that writes |X₀|² … |X_{size/2}|² of a real frame, X_k = Σ x_n·e^(−2πikn/size), into `power` (size/2 + 1
 * values). A frame shorter than `size` counts as zero past its end. Iterative decimation in time (Cooley and Tukey
 * 1965). Throws `E_ARGUMENT` unless `size` is a power of two of at least 2.
 */
export function powerSpectrum(size: number): (frame: ArrayLike<number>, power: Float64Array) => void {
  checkWhole(size, 'fftSize', 2)
  const bits = Math.log2(size)
  if (!Number.isInteger(bits)) {
    throw new DataError('E_ARGUMENT', {
      problem: `fftSize is ${size}, expected a power of two`,
      got: size,
      expected: 'a power of two',
      fix: `use ${2 ** Math.ceil(bits)}`,
    })
  }
  const reversed = new Uint32Array(size)
  for (let i = 1; i < size; i++) reversed[i] = (reversed[i >> 1]! >> 1) | ((i & 1) << (bits - 1))
  const cosine = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size))
  const sine = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size))
  const real = new Float64Array(size)
  const imaginary = new Float64Array(size)

  return (frame, power) => {
    for (let i = 0; i < size; i++) real[i] = frame[reversed[i]!] ?? 0
    imaginary.fill(0)
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half)
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [even, odd] = [start + k, start + k + half]
          const [c, s] = [cosine[k * stride]!, sine[k * stride]!]
          const re = real[odd]! * c - imaginary[odd]! * s
          const im = real[odd]! * s + imaginary[odd]! * c
          real[odd] = real[even]! - re
          imaginary[odd] = imaginary[even]! - im
          real[even]! += re
          imaginary[even]! += im
        }
      }
    }
    for (let k = 0; k <= size / 2; k++) power[k] = real[k]! ** 2 + imaginary[k]! ** 2
  }
}
