/** Pieces of music for the example `music`: read, or composed by the program; as batches, and as a picture. */

import { AppError } from 'app-kit/errors'
import { readText } from 'app-kit/files'
import type { PictureSpec } from 'app-kit/picture'
import { arrayDataset, hostArray, randomStream, type Dataset, type HostArray, type RandomStream } from '@rnn/data'

/** Keys of a piano. */
export const KEYS = 88

/** The keys that sound, at each time step. */
export type Piece = readonly (readonly number[])[]

/** Pieces to learn from, to stop by, and to be tried on. */
export interface Pieces {
  readonly train: readonly Piece[]
  readonly valid: readonly Piece[]
  readonly test: readonly Piece[]
}

/** The pieces of a JSON file. @throws E_INPUT for another kind of file */
export async function readPieces(file: string): Promise<Pieces> {
  const json = parse(await readText(file))
  const chord = (keys: unknown): boolean =>
    Array.isArray(keys) && keys.every((key) => Number.isInteger(key) && key >= 0 && key < KEYS)
  const piece = (steps: unknown): boolean => Array.isArray(steps) && steps.length > 1 && steps.every(chord)
  for (const part of ['train', 'valid', 'test'] as const) {
    const pieces = json?.[part]
    if (Array.isArray(pieces) && pieces.length > 0 && pieces.every(piece)) continue
    throw new AppError(
      'E_INPUT',
      `${file}: "${part}" is no list of pieces`,
      `give lists of time steps, each the keys that sound, 0 to ${KEYS - 1}`,
    )
  }
  return json as unknown as Pieces // as was just checked
}

function parse(text: string): { readonly [Part in keyof Pieces]?: unknown } | null {
  try {
    return JSON.parse(text) as { readonly [Part in keyof Pieces]?: unknown } | null
  } catch {
    return null // told of as a file without pieces
  }
}

/** Batches: at each step the keys that sound, and as targets those of the next step. */
export function piecesSet(
  pieces: readonly Piece[],
  batchSize: number,
  seed?: number,
): Dataset<HostArray<Float32Array>, HostArray<Float32Array>> {
  const steps = Math.max(...pieces.map(({ length }) => length)) - 1
  const shape = [pieces.length, steps, KEYS]
  const [inputs, targets] = [
    new Float32Array(pieces.length * steps * KEYS),
    new Float32Array(pieces.length * steps * KEYS),
  ]
  for (const [row, piece] of pieces.entries()) {
    for (const [step, keys] of piece.entries()) {
      for (const key of keys) {
        if (step < piece.length - 1) inputs[(row * steps + step) * KEYS + key] = 1
        if (step > 0) targets[(row * steps + step - 1) * KEYS + key] = 1
      }
    }
  }
  const lengths = hostArray(
    Int32Array.from(pieces, ({ length }) => length - 1),
    [pieces.length],
  )
  const order = seed === undefined ? { shuffle: false } : { seed }
  return arrayDataset({
    inputs: hostArray(inputs, shape),
    targets: hostArray(targets, shape),
    lengths,
    batchSize,
    ...order,
  })
}

/** Chords of a key, which follow one another as they do in hymns, in four voices, with notes that pass between two. */
export function composed(count: number, seed: number): Pieces {
  const random = randomStream(seed, 4)
  const pieces = Array.from({ length: count }, () => compose(random))
  const [valid, test] = [Math.floor(0.7 * count), Math.floor(0.8 * count)]
  return { train: pieces.slice(0, valid), valid: pieces.slice(valid, test), test: pieces.slice(test) }
}

const SCALE = [0, 2, 4, 5, 7, 9, 11]
/** The degrees that may follow each degree of the scale. */
const FOLLOW = [[3, 4, 5, 1], [4, 4, 6], [5, 3], [4, 0, 1], [0, 0, 5], [1, 3], [0]]

function compose(random: RandomStream): Piece {
  const tonic = 36 + random.below(12)
  const note = (degree: number): number => tonic + 12 * Math.floor(degree / 7) + SCALE[degree % 7]!
  const steps: number[][] = []
  let degree = 0
  let top = 14
  while (steps.length < 48) {
    const tones = [degree, degree + 2, degree + 4]
    // The melody goes to the chord's nearest tone, or the one above.
    const near = [...Array(9).keys()]
      .map((i) => top - 4 + i)
      .filter((each) => tones.some((tone) => (each - tone) % 7 === 0))
    const last = top
    top = Math.min(
      20,
      Math.max(11, near.toSorted((a, b) => Math.abs(a - last) - Math.abs(b - last))[random.below(2)] ?? last),
    )
    const chord = [degree - (degree > 3 ? 7 : 0) + 0, degree + 4, degree + 2 + 7].map((each) => note(each + 7) - 12)
    const passing = Math.abs(top - last) === 2 && random.below(2) === 0
    if (passing && steps.length > 0) steps[steps.length - 1] = [...steps.at(-1)!.slice(0, 3), note((top + last) / 2)]
    const held = 2 + 2 * random.below(2)
    for (let i = 0; i < held; i++) steps.push([...chord, note(top)])
    degree = FOLLOW[degree]![random.below(FOLLOW[degree]!.length)]!
  }
  return steps.map((keys) => [...new Set(keys)])
}

/** Pieces as a pianola would have them, under one another. */
export function pianoRolls(pieces: Readonly<Record<string, Piece>>): PictureSpec {
  const values = Object.entries(pieces).flatMap(([piece, steps]) =>
    steps.flatMap((keys, step) => keys.map((key) => ({ piece, key, from: step, to: step + 1 }))),
  )
  return {
    data: { values },
    facet: { row: { field: 'piece', type: 'nominal', sort: null, header: { title: null, labelOrient: 'top' } } },
    spec: {
      width: 700,
      height: 180,
      mark: { type: 'bar', height: 4 },
      encoding: {
        x: { field: 'from', type: 'quantitative', title: 'time step' },
        x2: { field: 'to' },
        y: { field: 'key', type: 'quantitative', title: 'key', scale: { zero: false } },
      },
    },
  }
}
