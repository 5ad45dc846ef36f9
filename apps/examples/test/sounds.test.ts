/** Sounds from a folder of WAV files, and what is wrong with some folders. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logMel } from '@rnn/data'
import { afterAll, expect, test } from 'vitest'
import { features, utterances } from '../src/sounds.ts'

const root = await mkdtemp(join(tmpdir(), 'sounds-'))
afterAll(() => rm(root, { recursive: true }))

/** 16-bit PCM of one channel. */
function wav(samples: number, sampleRate: number): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * samples)
  const view = new DataView(bytes.buffer)
  const text = (at: number, letters: string): void =>
    [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)))
  text(0, 'RIFF')
  view.setUint32(4, bytes.length - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, 2 * sampleRate, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, 2 * samples, true)
  for (let i = 0; i < samples; i++) view.setInt16(44 + 2 * i, 16_000 * Math.sin(i / 3), true)
  return bytes
}

async function folder(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const path = join(root, name)
  await mkdir(path)
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(path, file), bytes)
  return path
}

const ten = (rate = 8000): Record<string, Uint8Array> =>
  Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}3_ann_1.wav`, wav(2000 + 100 * i, rate)]))
const sung = { train: 1, test: 1, seed: 0 }

test('files are labelled by their names; every tenth is for testing', async () => {
  const path = await folder('plain', { ...ten(), 'README.txt': new Uint8Array(3) })
  const { sampleRate, train, test: held } = await utterances(path, sung)
  expect(sampleRate).toBe(8000)
  expect(train.map(({ labels }) => labels.join(''))).toEqual(['03', '13', '23', '33', '43', '53', '63', '73', '83'])
  expect(held.map(({ labels, samples }) => [labels.join(), samples.length])).toEqual([['9,3', 2900]])
})

test('features and labels are padded to one length', async () => {
  const { train } = await utterances(undefined, { train: 4, test: 0, seed: 1 })
  const ears = logMel({ sampleRate: 8000, bands: 8 })
  const digits = [...'0123456789']
  const { inputs, targets, lengths } = features(train, ears, digits)
  expect(inputs.shape).toEqual([4, Math.max(...lengths.data), 8])
  train.forEach(({ labels, samples }, i) => {
    expect(lengths.data[i]).toBe(ears.frameCount(samples.length))
    const longest = targets.shape[1]!
    const row = [...targets.data.subarray(i * longest, (i + 1) * longest)]
    expect(row).toEqual(Array.from({ length: longest }, (_, j) => (j < labels.length ? Number(labels[j]) + 1 : -1)))
  })
})

test('folders that make no sense are refused, with the file', async () => {
  const mixed = await folder('mixed', { ...ten(), 'a_1.wav': wav(3000, 16_000) })
  await expect(utterances(mixed, sung)).rejects.toThrow(
    'a_1.wav has 16000 samples a second, the files before it 8000: convert them to one rate',
  )
  const unnamed = await folder('unnamed', { ...ten(), '_1.wav': wav(3000, 8000) })
  await expect(utterances(unnamed, sung)).rejects.toThrow('_1.wav: its name does not begin with what is said')
  const few = await folder('few', { '1_a.wav': wav(3000, 8000) })
  await expect(utterances(few, sung)).rejects.toThrow('has 1 WAV files, at least 10 are needed')
  const cut = await folder('cut', { ...ten(), '4_x.wav': wav(3000, 8000).subarray(0, 1000) })
  await expect(utterances(cut, sung)).rejects.toThrow(/4_x\.wav.*cut short/)
})
