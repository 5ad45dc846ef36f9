/**
 * Reads WAV files: RIFF with uncompressed samples, as Microsoft and IBM's "Multimedia Programming Interface and Data
 * Specifications 1.0" (1991) and WAVE_FORMAT_EXTENSIBLE describe them, mixed down to one channel.
 */

import { DataError, shown } from '../errors.ts'
import { readBytes } from './bytes.ts'
import type { ByteSource } from './bytes.ts'

/** A sound of one channel. */
export interface Sound {
  /** Amplitudes from −1 to 1 (those of float files may lie beyond); the caller owns them. */
  readonly samples: Float32Array
  /** Samples a second. */
  readonly sampleRate: number
  /** How many channels the file had; the samples are their mean. */
  readonly channels: number
}

/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits, or float of 32 or 64. Several channels become their mean. Other chunks
 * (tags, cue points) are passed over; a file written to a pipe, which says 0xFFFFFFFF for its length, goes to its end.
 * Throws `E_WAV` for other files, compressed ones, and those that are cut short.
 *
 * @example
 * ```js
 * const { samples, sampleRate } = await readWav(createReadStream('yes.wav'), { name: 'yes.wav' })
 * const { samples, sampleRate } = await readWav((await fetch('yes.wav')).body, { name: 'yes.wav' })
 * ```
 */
export async function readWav(
  source: ByteSource | Uint8Array,
  { name }: { readonly name?: string | undefined } = {},
): Promise<Sound> {
  return parseWav(await readBytes(source, { name }), { name })
}

/**
 * As {@link readWav}, for bytes that are at hand, without waiting.
 *
 * @example
 * ```ts
 * import { parseWav } from '@rnn/data'
 * const ascii = (text) => [...text].map((letter) => letter.charCodeAt(0))
 * const format = [16, 0, 0, 0, 1, 0, 1, 0, 64, 31, 0, 0, 128, 62, 0, 0, 2, 0, 16, 0] // PCM, mono, 8000 Hz, 16 bits
 * const chunk = [4, 0, 0, 0, 0, 64, 0, 128]
 * const file = [...ascii('RIFF'), 40, 0, 0, 0, ...ascii('WAVEfmt '), ...format, ...ascii('data'), ...chunk]
 * const { samples, sampleRate } = parseWav(Uint8Array.from(file))
 * samples // → [0.5, -1]
 * sampleRate // → 8000
 * ```
 */
export function parseWav(bytes: Uint8Array, { name }: { readonly name?: string | undefined } = {}): Sound {
  const fail = failure(name)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = tag(view, 0)
  if (kind !== 'RIFF' || tag(view, 8) !== 'WAVE') throw fail(...otherKind(kind, bytes.length))
  let format: Format | undefined
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = tag(view, at)
    const size = view.getUint32(at + 4, true)
    const start = at + 8
    const left = bytes.length - start
    if (id === 'data') {
      if (format === undefined) throw fail('the samples come before the chunk "fmt " that describes them')
      const streamed = size === 0xffffffff
      if (!streamed && size > left) throw fail(`cut short: ${left} of ${size} bytes of samples are there`, copyAgain)
      return decode(view, start, streamed ? left : size, format, fail)
    }
    if (size > left) throw fail(`cut short: ${left} of ${size} bytes of the chunk ${shown(id)} are there`, copyAgain)
    if (id === 'fmt ') format = readFormat(view, start, size, fail)
    at = start + size + (size % 2) // chunks start at even places
  }
  throw fail('cut short: no samples (no chunk "data")', copyAgain)
}

type Fail = (problem: string, fix?: string) => DataError

const copyAgain = 'copy or record it again'
const convert = 'convert it to 16-bit PCM: ffmpeg -i in.wav -c:a pcm_s16le out.wav'

const failure =
  (file: string | undefined): Fail =>
  (problem, fix) =>
    new DataError('E_WAV', { file, problem, expected: 'a WAV file of uncompressed samples', fix })

function otherKind(kind: string, length: number): [problem: string, fix: string] {
  if (length < 12) return [`${length} bytes are no WAV file`, copyAgain]
  if (kind === 'RF64' || kind === 'RIFX') return [`the file is of the kind ${kind}, expected RIFF`, convert]
  return [`no WAV file: it starts with ${shown(kind)}, expected "RIFF" … "WAVE"`, convert]
}

/** How the samples of a file are written. */
interface Format {
  readonly channels: number
  readonly sampleRate: number
  readonly float: boolean
  readonly bytes: number
}

const pcm = 1
const ieeeFloat = 3
const extensible = 0xfffe
const compressed: Readonly<Record<number, string>> = { 2: 'ADPCM', 6: 'A-law', 7: 'μ-law', 17: 'IMA ADPCM', 85: 'MP3' }

function readFormat(view: DataView, at: number, size: number, fail: Fail): Format {
  if (size < 16) throw fail(`the chunk "fmt " has ${size} bytes, expected at least 16`, convert)
  const code = view.getUint16(at, true)
  // The first two bytes of the sub-format's GUID are the format itself.
  const format = code === extensible && size >= 26 ? view.getUint16(at + 24, true) : code
  const channels = view.getUint16(at + 2, true)
  const sampleRate = view.getUint32(at + 4, true)
  const frame = view.getUint16(at + 12, true)
  const bits = view.getUint16(at + 14, true)
  if (format !== pcm && format !== ieeeFloat)
    throw fail(`its samples are ${compressed[format] ?? `of the format ${format}`}, expected PCM or float`, convert)
  const float = format === ieeeFloat
  if (!(float ? [32, 64] : [8, 16, 24, 32]).includes(bits)) {
    const expected = float ? '32 or 64' : '8, 16, 24 or 32'
    throw fail(`its ${float ? 'float' : 'PCM'} samples have ${bits} bits, expected ${expected}`, convert)
  }
  if (channels < 1 || sampleRate < 1 || frame !== (channels * bits) / 8) {
    throw fail(
      `${channels} channels of ${bits} bits at ${sampleRate} Hz in frames of ${frame} bytes do not fit together`,
      convert,
    )
  }
  return { channels, sampleRate, float, bytes: bits / 8 }
}

function decode(view: DataView, start: number, size: number, format: Format, fail: Fail): Sound {
  const { channels, sampleRate, float, bytes } = format
  const frame = channels * bytes
  if (size % frame !== 0) throw fail(`cut short: ${size} bytes of samples in frames of ${frame} bytes`, copyAgain)
  if (size === 0) throw fail('it holds no samples')
  const read = sampleReader(view, float, bytes)
  const samples = new Float32Array(size / frame)
  for (let i = 0; i < samples.length; i++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += read(start + i * frame + channel * bytes)
    if (!Number.isFinite(sum)) throw fail(`sample ${i} is ${sum}, expected finite numbers`)
    samples[i] = sum / channels
  }
  return { samples, sampleRate, channels }
}

/** Reads one sample at a byte offset; whole numbers scaled so that the lowest is −1. */
function sampleReader(view: DataView, float: boolean, bytes: number): (at: number) => number {
  if (float) return bytes === 4 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true)
  switch (bytes) {
    case 1:
      return (at) => (view.getUint8(at) - 128) / 2 ** 7
    case 2:
      return (at) => view.getInt16(at, true) / 2 ** 15
    case 3:
      return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23
    default:
      return (at) => view.getInt32(at, true) / 2 ** 31
  }
}

function tag(view: DataView, at: number): string {
  if (at + 4 > view.byteLength) return ''
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3))
}
