/** WAV files of every kind that is read, and what is said of those that are not. */
import { describe, expect, it } from 'vitest'
import { parseWav, readWav } from '../src/index.ts'
import { failure } from './failure.ts'

interface FileOptions {
  readonly format?: number
  readonly channels?: number
  readonly bits?: number
  readonly data?: readonly number[]
  readonly dataSize?: number
  readonly frame?: number
  readonly before?: readonly number[]
  readonly kind?: string
  readonly extra?: readonly number[]
}

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0))
const little = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256)

function file(options: FileOptions = {}): Uint8Array {
  const {
    format = 1,
    channels = 1,
    bits = 16,
    data = [0, 64, 0, 128],
    kind = 'RIFF',
    before = [],
    extra = [],
  } = options
  const { dataSize = data.length, frame = (channels * bits) / 8 } = options
  const fmt = [
    ...little(format, 2),
    ...little(channels, 2),
    ...little(8000, 4),
    ...little(8000 * frame, 4),
    ...little(frame, 2),
    ...little(bits, 2),
    ...extra,
  ]
  const chunks = [...before, ...ascii('fmt '), ...little(fmt.length, 4), ...fmt]
  const body = [...ascii('WAVE'), ...chunks, ...ascii('data'), ...little(dataSize, 4), ...data]
  return Uint8Array.from([...ascii(kind), ...little(body.length, 4), ...body])
}

const bytesOf = (array: Float32Array | Float64Array | Int32Array | Int16Array): number[] => [
  ...new Uint8Array(array.buffer),
]
const samplesOf = (options: FileOptions): number[] => [...parseWav(file(options)).samples]

describe('parseWav', () => {
  it('reads whole numbers of 8 (unsigned), 16, 24 and 32 bits, the lowest as −1', () => {
    expect(samplesOf({ bits: 8, data: [0, 128, 192, 255] })).toEqual([-1, 0, 0.5, 127 / 128])
    expect(samplesOf({ bits: 16, data: bytesOf(Int16Array.of(-32768, 0, 1, 32767)) })).toEqual([
      -1,
      0,
      2 ** -15,
      32767 / 32768,
    ])
    expect(samplesOf({ bits: 24, data: [0, 0, 128, 1, 0, 0, 255, 255, 255, 0, 0, 64] })).toEqual([
      -1,
      2 ** -23,
      -(2 ** -23),
      0.5,
    ])
    expect(samplesOf({ bits: 32, data: bytesOf(Int32Array.of(-(2 ** 31), 2 ** 30)) })).toEqual([-1, 0.5])
  })

  it('reads float of 32 and 64 bits', () => {
    expect(samplesOf({ format: 3, bits: 32, data: bytesOf(Float32Array.of(0.25, -1.5)) })).toEqual([0.25, -1.5])
    expect(samplesOf({ format: 3, bits: 64, data: bytesOf(Float64Array.of(0.25, -1)) })).toEqual([0.25, -1])
  })

  it('makes the mean of several channels', () => {
    const stereo = bytesOf(Int16Array.of(16384, 0, -16384, -16384))
    expect(parseWav(file({ channels: 2, data: stereo }))).toMatchObject({ channels: 2, sampleRate: 8000 })
    expect(samplesOf({ channels: 2, data: stereo })).toEqual([0.25, -0.5])
  })

  it('reads the extensible header, and passes over other chunks, padded to even places', () => {
    const guid = [1, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113]
    const extra = [...little(22, 2), ...little(16, 2), ...little(4, 4), ...guid]
    expect(samplesOf({ format: 0xfffe, extra })).toEqual([0.5, -1])
    expect(samplesOf({ before: [...ascii('LIST'), ...little(3, 4), 1, 2, 3, 0] })).toEqual([0.5, -1])
  })

  it('reads what was written to a pipe, and bytes within a larger buffer', () => {
    expect(samplesOf({ dataSize: 0xffffffff })).toEqual([0.5, -1])
    const whole = Uint8Array.from([9, 9, 9, ...file()])
    expect([...parseWav(whole.subarray(3)).samples]).toEqual([0.5, -1])
  })

  it('says of every beginning of a file that it is cut short', () => {
    const whole = file({ before: [...ascii('LIST'), ...little(4, 4), 1, 2, 3, 4] })
    for (let length = 12; length < whole.length; length++) {
      const error = failure(() => parseWav(whole.subarray(0, length), { name: 'a.wav' }))
      expect(error).toMatchObject({ code: 'E_WAV', file: 'a.wav' })
      expect(error.message).toContain('cut short')
    }
  })

  it.each<[string, Uint8Array, string]>([
    ['text', Uint8Array.from(ascii('a,b,c\n1,2,3\n4,5,6\n')), 'no WAV file: it starts with "a,b,"'],
    ['nothing', new Uint8Array(0), '0 bytes are no WAV file'],
    ['RF64', file({ kind: 'RF64' }), 'the file is of the kind RF64'],
    ['μ-law', file({ format: 7, bits: 8 }), 'its samples are μ-law, expected PCM or float; convert it'],
    ['12 bits', file({ bits: 12, frame: 2 }), 'its PCM samples have 12 bits'],
    [
      'a frame that does not fit',
      file({ frame: 3 }),
      '1 channels of 16 bits at 8000 Hz in frames of 3 bytes do not fit together',
    ],
    ['no channel', file({ channels: 0 }), '0 channels of 16 bits at 8000 Hz in frames of 0 bytes do not fit together'],
    ['no samples', file({ data: [] }), 'it holds no samples'],
    ['half a frame', file({ data: [1, 2, 3] }), 'cut short: 3 bytes of samples in frames of 2 bytes'],
    ['NaN', file({ format: 3, bits: 32, data: bytesOf(Float32Array.of(1, NaN)) }), 'sample 1 is NaN'],
  ])('says what is wrong with %s', (_, bytes, message) => {
    const error = failure(() => parseWav(bytes, { name: 'a.wav' }))
    expect(error.code).toBe('E_WAV')
    expect(error.message).toContain(`a.wav: ${message}`)
  })
})

describe('readWav', () => {
  it('reads streams, packed or not', async () => {
    const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> => new Blob([file().slice()]).stream()
    expect([...(await readWav(stream())).samples]).toEqual([0.5, -1])
    const packed = stream().pipeThrough(new CompressionStream('gzip'))
    expect([...(await readWav(packed)).samples]).toEqual([0.5, -1])
    expect([...(await readWav(file())).samples]).toEqual([0.5, -1])
  })
})
