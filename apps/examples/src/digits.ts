/** Handwritten digits: MNIST by path, or strokes drawn by the program, each digit turned, bent and shifted a little. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readBytes } from 'app-kit/files'
import type { PictureSpec } from 'app-kit/picture'
import { hostArray, randomStream, readLabelledImages, type HostArray, type LabelledImages } from '@rnn/data'

/** Images of 28 × 28, for training and for testing. */
export interface Digits {
  readonly train: LabelledImages
  readonly test: LabelledImages
}

export const DIGITS_DATA = 'a folder with the four IDX files of MNIST, packed (.gz) or not'

/** The digits of a folder, or so many drawn ones. */
export async function digits(
  folder: string | undefined,
  drawn: { readonly train: number; readonly test: number; readonly seed: number },
): Promise<Digits> {
  if (folder === undefined)
    return { train: drawDigits(drawn.train, drawn.seed, 1), test: drawDigits(drawn.test, drawn.seed, 2) }
  const read = async (part: string): Promise<LabelledImages> => {
    const [images, labels] = ['images-idx3', 'labels-idx1'].map((kind) => {
      const plain = join(folder, `${part}-${kind}-ubyte`)
      return existsSync(plain) ? plain : `${plain}.gz`
    }) as [string, string]
    return readLabelledImages(await readBytes(images), await readBytes(labels), { images, labels })
  }
  return { train: await read('train'), test: await read('t10k') }
}

/** The corners of each digit's stroke, from the left upper (0,0) to the right lower (100,100). */
const STROKES = [
  '50,0 85,20 85,80 50,100 15,80 15,20 50,0',
  '30,20 55,0 55,100',
  '15,25 40,0 80,15 75,45 15,100 85,100',
  '15,5 75,5 45,40 85,70 50,100 15,90',
  '65,100 65,0 15,70 90,70',
  '80,0 25,0 20,45 60,40 85,70 55,100 15,90',
  '75,0 30,40 15,80 50,100 85,75 50,50 20,70',
  '15,0 85,0 40,100',
  '50,45 20,20 50,0 80,20 20,75 50,100 80,75 50,45',
  '80,30 50,50 20,25 50,0 80,30 70,100',
].map((digit) => digit.split(' ').map((corner) => corner.split(',').map((part) => Number(part) / 100)))

function drawDigits(count: number, seed: number, part: number): LabelledImages {
  const random = randomStream(seed, part)
  const within = (limit: number): number => (random.uint32() / 2 ** 31 - 1) * limit
  const data = new Float32Array(count * 784)
  const labels = Int32Array.from({ length: count }, () => random.below(10))
  for (const [i, label] of labels.entries()) {
    const [turn, slant, width, height] = [within(0.35), within(0.35), 11 + within(4), 18 + within(4)]
    const [right, down, pen] = [14 + within(3), 14 + within(3), 1.1 + within(0.4)]
    const corners = STROKES[label]!.map(([x = 0, y = 0]) => {
      const [u, v] = [(x - 0.5 + within(0.09)) * width, (y - 0.5 + within(0.09)) * height]
      const bent = u - slant * v
      return [right + bent * Math.cos(turn) - v * Math.sin(turn), down + bent * Math.sin(turn) + v * Math.cos(turn)]
    })
    for (let pixel = 0; pixel < 784; pixel++) {
      const [px, py] = [pixel % 28, Math.floor(pixel / 28)]
      let nearest = Infinity
      for (let c = 1; c < corners.length; c++) {
        const [[ax, ay], [bx, by]] = [corners[c - 1] as [number, number], corners[c] as [number, number]]
        const [dx, dy] = [bx - ax, by - ay]
        const along = Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy)))
        nearest = Math.min(nearest, Math.hypot(px - ax - along * dx, py - ay - along * dy))
      }
      data[i * 784 + pixel] = Math.min(1, Math.max(0, 0.5 + pen - nearest))
    }
  }
  return { inputs: hostArray(data, [count, 28, 28]), targets: hostArray(labels, [count]) }
}

/** The share of test digits whose nearest mean image of training is that of their label: what someone gets who does not learn. */
export function nearestMean({ train, test }: Digits): number {
  const means = Array.from({ length: 10 }, () => new Float64Array(784))
  const counts = new Float64Array(10)
  for (const [i, label] of train.targets.data.entries()) {
    counts[label]! += 1
    for (let pixel = 0; pixel < 784; pixel++) means[label]![pixel]! += train.inputs.data[i * 784 + pixel]!
  }
  const distance = (i: number, label: number): number => {
    let sum = 0
    for (let pixel = 0; pixel < 784; pixel++)
      sum += (test.inputs.data[i * 784 + pixel]! - means[label]![pixel]! / counts[label]!) ** 2
    return sum
  }
  const right = test.targets.data.filter((label, i) => {
    const distances = means.map((_, other) => distance(i, other))
    return distances.indexOf(Math.min(...distances)) === label
  })
  return right.length / test.targets.data.length
}

/** The first digits of a set that a network misread (or any, where there are too few), with what it read in their place. */
export function misread({ inputs, targets }: LabelledImages, logits: HostArray<Float32Array>): PictureSpec {
  const read = Array.from(targets.data, (_, i) => {
    const row = logits.data.subarray(i * 10, i * 10 + 10)
    return row.indexOf(Math.max(...row))
  })
  const shown = read
    .map((_, i) => i)
    .sort((a, b) => Number(read[a] === targets.data[a]) - Number(read[b] === targets.data[b]))
  const values = shown.slice(0, 12).flatMap((i, place) =>
    Array.from(inputs.data.subarray(i * 784, (i + 1) * 784), (ink, pixel) => ({
      digit: `${place + 1}: ${targets.data[i]}${read[i] === targets.data[i] ? '' : ` read as ${read[i]}`}`,
      x: pixel % 28,
      y: Math.floor(pixel / 28),
      ink,
    })).filter(({ ink }) => ink > 0.05),
  )
  return {
    data: { values },
    facet: { field: 'digit', type: 'nominal', sort: { field: 'place', op: 'min' }, header: { title: null } },
    columns: 6,
    title: 'digits that the network misread',
    spec: {
      width: 84,
      height: 84,
      mark: 'rect',
      encoding: {
        x: { field: 'x', type: 'ordinal', axis: null, scale: { domain: [...Array(28).keys()] } },
        y: { field: 'y', type: 'ordinal', axis: null, scale: { domain: [...Array(28).keys()] } },
        color: { field: 'ink', type: 'quantitative', scale: { scheme: 'greys' }, legend: null },
      },
    },
  }
}
