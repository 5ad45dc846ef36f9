// Keyed random numbers: Threefry-2x32 with 20 rounds (Salmon et al. 2011), element i from counter i, the same on every backend.

import type { Kernel } from '../kernel.ts'
import { sizeOf, startOf, wgslType } from '../kernel.ts'
import { GRID_MAIN, gridOf } from '../wgsl/grid.ts'
import { mathOf } from '../wgsl/math.ts'

/** Rotations of the rounds, eight and eight again. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24]

const THREEFRY = `
fn turned(x: u32, by: u32) -> u32 { return (x << by) | (x >> (32u - by)); }

fn threefry(key: vec2u, counter: u32) -> vec2u {
  let third = 0x1bd11bdau ^ key.x ^ key.y;
  var x = counter + key.x;
  var y = key.y;
${Array.from({ length: 20 }, (_, round) => {
  const lines = [`  x += y; y = turned(y, ${ROTATIONS[round % 8]}u) ^ x;`]
  if (round % 4 === 3) {
    const injection = (round + 1) / 4
    const part = (n: number): string => ['key.x', 'key.y', 'third'][n % 3]!
    lines.push(`  x += ${part(injection)}; y += ${part(injection + 1)} + ${injection}u;`)
  }
  return lines.join('\n')
}).join('\n')}
  return vec2u(x, y);
}
`

export const random: Kernel<'random'> = ({ inputs: [key], outputs: [out], attributes }, gpu) => {
  const { kind } = attributes
  const type = wgslType(out)
  const count = sizeOf(out.shape)
  const name = `random ${kind} ${type}`
  const program = gpu.program(name, () => ({
    key: name,
    reads: { keys: 'u32' },
    writes: { out: type },
    parameters: { count: 'u32', keyStart: 'u32', outStart: 'u32', threshold: 'u32' },
    body: `${THREEFRY}${kind === 'normal' ? mathOf('log', 'cosOfTurn') : ''}
${GRID_MAIN}
  let key = vec2u(keys[p.keyStart], keys[p.keyStart + 1u]);
${
  kind === 'normal'
    ? `  let words = threefry(key, i) >> vec2u(8u);
  let u = f32(words.x + 1u) * ${2 ** -24};
  let v = f32(words.y) * ${2 ** -24};
  out[p.outStart + i] = sqrt(-2.0 * rnnLog(u)) * cosOfTurn(v);`
    : `  let words = threefry(key, i >> 1u);
  let word = select(words.x, words.y, (i & 1u) == 1u);
  out[p.outStart + i] = ${
    kind === 'bits'
      ? 'bitcast<i32>(word)'
      : kind === 'uniform'
        ? `f32(word >> 8u) * ${2 ** -24}`
        : `select(${type}(0), ${type}(1), (word >> 8u) < p.threshold)`
  };`
}
}`,
  }))
  const threshold = kind === 'bernoulli' ? Math.round(attributes.probability * 2 ** 24) : 0
  gpu.dispatch(
    program,
    [key, out],
    { count, keyStart: startOf(key), outStart: startOf(out), threshold },
    gridOf(count, gpu.offer.workgroupsPerDimension),
  )
}
