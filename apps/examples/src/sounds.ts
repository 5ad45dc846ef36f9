/**
 * Sounds in which labels follow one another: a folder of WAV files, or "digits" of two tones each, sung by the program in many voices, at many
 * speeds, through noise.
 */

import { join } from 'node:path'
import { AppError } from 'app-kit/errors'
import { listFolder, readBytes } from 'app-kit/files'
import { hostArray, randomStream, parseWav, type HostArray, type LogMel, type RandomStream } from '@rnn/data'

/** A sound and what is said in it. */
export interface Utterance {
  readonly name: string
  readonly samples: Float32Array
  readonly labels: readonly string[]
}

/** Sounds of one sample rate, for training and for testing. */
export interface Utterances {
  readonly sampleRate: number
  readonly train: readonly Utterance[]
  readonly test: readonly Utterance[]
}

export const SOUNDS_DATA =
  'a folder of WAV files of one sample rate, named for what is said in them, a label a character: 7_jackson_3.wav, 304_ann.wav; every tenth is for testing'

/** The sounds of a folder, or so many sung ones. */
export async function utterances(
  folder: string | undefined,
  sung: { readonly train: number; readonly test: number; readonly seed: number },
): Promise<Utterances> {
  if (folder !== undefined) return recorded(folder)
  const some = (count: number, part: number): Utterance[] =>
    Array.from({ length: count }, (_, i) => sing(randomStream(sung.seed, part, i)))
  return { sampleRate: RATE, train: some(sung.train, 1), test: some(sung.test, 2) }
}

async function recorded(folder: string): Promise<Utterances> {
  const files = ((await listFolder(folder)) ?? []).filter((file) => file.toLowerCase().endsWith('.wav')).toSorted()
  let sampleRate: number | undefined
  const all: Utterance[] = []
  for (const file of files) {
    const sound = parseWav(await readBytes(join(folder, file)), { name: file })
    sampleRate ??= sound.sampleRate
    if (sound.sampleRate !== sampleRate)
      throw new AppError(
        'E_INPUT',
        `${file} has ${sound.sampleRate} samples a second, the files before it ${sampleRate}: convert them to one rate`,
      )
    const [said = ''] = file.split(/[_.]/)
    if (said === '')
      throw new AppError('E_INPUT', `${file}: its name does not begin with what is said, as in 7_jackson_3.wav`)
    all.push({ name: file, samples: sound.samples, labels: [...said] })
  }
  if (sampleRate === undefined || all.length < 10)
    throw new AppError('E_INPUT', `${folder} has ${all.length} WAV files, at least 10 are needed`)
  return { sampleRate, train: all.filter((_, i) => i % 10 !== 9), test: all.filter((_, i) => i % 10 === 9) }
}

const RATE = 8000

/** Hz. Digit d is one of them and then another, so that no tone says which digit it belongs to. */
const TONES = [330, 440, 590, 780, 1040]
const secondTone = (digit: number): number => (digit + (digit < 5 ? 1 : 3)) % 5

/** Two to six digits, each a pair of tones without a break. */
function sing(random: RandomStream): Utterance {
  const between = (low: number, high: number): number => low + (high - low) * (random.uint32() / 2 ** 32)
  const digits = Array.from({ length: 2 + random.below(5) }, () => random.below(10))
  const [voice, loudness, noise] = [between(0.9, 1.1), between(0.2, 0.8), between(0.05, 0.5)]
  const samples: number[] = []
  let phase = 0
  const sound = (seconds: number, hertz: number): void => {
    const count = Math.round(seconds * RATE)
    for (let i = 0; i < count; i++) {
      phase += (2 * Math.PI * hertz * voice) / RATE
      const swell = Math.min(1, i / 80, (count - i) / 80) // 10 ms, so that it doesn't click
      samples.push((hertz === 0 ? 0 : loudness * swell * Math.sin(phase)) + between(-noise, noise))
    }
  }
  for (const digit of digits) {
    sound(between(0.03, 0.12), 0)
    for (const tone of [digit % 5, secondTone(digit)]) sound(between(0.05, 0.13), TONES[tone]!)
  }
  sound(between(0.03, 0.12), 0)
  return { name: 'a sung number', samples: Float32Array.from(samples), labels: digits.map(String) }
}

/** What a network that listens reads, and what it shall write. */
export interface Heard {
  readonly inputs: HostArray<Float32Array>
  readonly targets: HostArray<Int32Array>
  readonly lengths: HostArray<Int32Array>
}

/** Features of mean 0 and deviation 1 in each sound, padded with zeros to one length, and labels from 1 on, padded with −1. */
export function features(sounds: readonly Utterance[], ears: LogMel, classes: readonly string[]): Heard {
  const frames = sounds.map(({ samples }) => ears.features(samples))
  const time = Math.max(...frames.map(({ shape }) => shape[0]!))
  const longest = Math.max(...sounds.map(({ labels }) => labels.length))
  const inputs = new Float32Array(sounds.length * time * ears.bands)
  frames.forEach(({ data }, i) => inputs.set(standardised(data), i * time * ears.bands))
  const padded = sounds.flatMap(({ labels }) =>
    Array.from({ length: longest }, (_, i) => classes.indexOf(labels[i] ?? '') + 1 || -1),
  )
  return {
    inputs: hostArray(inputs, [sounds.length, time, ears.bands]),
    targets: hostArray(Int32Array.from(padded), [sounds.length, longest]),
    lengths: hostArray(
      Int32Array.from(frames, ({ shape }) => shape[0]!),
      [sounds.length],
    ),
  }
}

function standardised(data: Float32Array): Float32Array {
  const mean = data.reduce((a, b) => a + b, 0) / data.length
  const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length
  return data.map((x) => (x - mean) / Math.sqrt(variance + 1e-6))
}
