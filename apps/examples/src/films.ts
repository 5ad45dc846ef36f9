/** Films of shapes that move and bounce off the walls, made by the program, and how they are drawn. */

import type { PictureSpec } from 'app-kit/picture'
import { hostArray, type HostArray, type RandomStream } from '@rnn/data'

/** Pixels of a side. */
export const SIZE = 16

/** Frames that are seen. */
export const STEPS = 10

/** Films, and what comes next in each. */
export interface Films {
  /** float32 `[films, STEPS, SIZE, SIZE, 1]`. */
  readonly inputs: HostArray<Float32Array>
  /** The same a frame later. */
  readonly targets: HostArray<Float32Array>
}

/** How far a place is from the middle of a shape: lines of equal distance are the outlines of a square, a disc and a diamond. */
const SHAPES = [
  (x: number, y: number): number => Math.max(Math.abs(x), Math.abs(y)),
  Math.hypot,
  (x: number, y: number): number => (Math.abs(x) + Math.abs(y)) / 1.3,
]

/** Films of two shapes each, which pass through one another. */
export function films(count: number, random: RandomStream): Films {
  const frame = SIZE * SIZE
  const inputs = new Float32Array(count * STEPS * frame)
  const targets = new Float32Array(inputs.length)
  const between = (low: number, high: number): number => low + ((high - low) * random.uint32()) / 2 ** 32
  for (let film = 0; film < count; film++) {
    const shapes = Array.from({ length: 2 }, () => {
      const radius = between(1.7, 2.7)
      const velocity = [0, 1].map(() => between(0.6, 1.6) * (random.below(2) === 0 ? 1 : -1))
      const position = [0, 1].map(() => between(radius, SIZE - 1 - radius))
      return { distance: SHAPES[random.below(SHAPES.length)]!, radius, velocity, position }
    })
    for (let t = 0; t <= STEPS; t++) {
      const drawn = Float32Array.from({ length: frame }, (_, i) => {
        const inks = shapes.map(({ distance, radius, position: [x = 0, y = 0] }) =>
          Math.min(1, Math.max(0, radius + 0.5 - distance((i % SIZE) - x, Math.floor(i / SIZE) - y))),
        )
        return Math.max(...inks)
      })
      if (t < STEPS) inputs.set(drawn, (film * STEPS + t) * frame)
      if (t > 0) targets.set(drawn, (film * STEPS + t - 1) * frame)
      for (const { position, velocity, radius } of shapes) {
        for (const axis of [0, 1]) {
          position[axis]! += velocity[axis]!
          const beyond = Math.max(radius - position[axis]!, position[axis]! - (SIZE - 1 - radius))
          if (beyond <= 0) continue
          position[axis]! += 2 * beyond * (position[axis]! < SIZE / 2 ? 1 : -1)
          velocity[axis]! *= -1
        }
      }
    }
  }
  const shape = [count, STEPS, SIZE, SIZE, 1]
  return { inputs: hostArray(inputs, shape), targets: hostArray(targets, shape) }
}

/** One film: what is seen, what comes, and what the network expects. */
export function drawing({ inputs, targets }: Films, found: Float32Array): PictureSpec {
  const rows = { seen: inputs.data, 'what comes': targets.data, expected: found }
  const values = Object.entries(rows).flatMap(([row, frames]) =>
    Array.from(frames.subarray(0, STEPS * SIZE ** 2), (ink, i) => ({
      row,
      frame: Math.floor(i / SIZE ** 2) + 1,
      x: i % SIZE,
      y: Math.floor(i / SIZE) % SIZE,
      ink: Number(ink.toFixed(2)),
    })).filter(({ ink }) => ink > 0.04),
  )
  const places = { type: 'ordinal' as const, axis: null, scale: { domain: [...Array(SIZE).keys()] } }
  return {
    data: { values },
    facet: {
      row: { field: 'row', type: 'nominal', sort: Object.keys(rows), header: { title: null } },
      column: { field: 'frame', type: 'ordinal', header: { title: null } },
    },
    spacing: 4,
    spec: {
      width: 64,
      height: 64,
      mark: 'rect',
      encoding: {
        x: { field: 'x', ...places },
        y: { field: 'y', ...places },
        color: { field: 'ink', type: 'quantitative', scale: { scheme: 'greys', domain: [0, 1] }, legend: null },
      },
    },
  }
}
