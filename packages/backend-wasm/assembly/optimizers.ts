// Steps of optimisers, in place. Arguments begin with [2] elements [3] parameter [4] gradient [5] schedule [6] gradient scale or 0 [7] weight decay (float).

import { boundaryBy, float, int, madd, nmadd, storeLanes, word } from "./simd";

// @ts-ignore: decorator
@inline
function scaleOf(args: usize): v128 {
  return word(args, 6) ? v128.load32_splat(word(args, 6)) : f32x4.splat(1);
}

// @ts-ignore: decorator
@inline
function put(to: usize, value: v128, count: i32): void {
  if (count >= 4) v128.store(to, value);
  else storeLanes(to, value, count);
}

/** Command: [8] velocity or 0 [9] momentum (float) [10] nesterov. */
export function sgdStep(args: usize, part: i32, parts: i32): void {
  const end = boundaryBy(int(args, 2), 16, part + 1, parts);
  const rate = v128.load32_splat(word(args, 5));
  const scale = scaleOf(args);
  const decay = f32x4.splat(float(args, 7));
  const momentum = f32x4.splat(float(args, 9));
  const nesterov = int(args, 10);
  const velocity = word(args, 8);
  for (let i = boundaryBy(int(args, 2), 16, part, parts); i < end; i += 4) {
    const at = <usize>i << 2;
    const p = v128.load(word(args, 3) + at);
    let g = madd(decay, p, f32x4.mul(v128.load(word(args, 4) + at), scale));
    if (velocity) {
      const v = madd(momentum, v128.load(velocity + at), g);
      put(velocity + at, v, end - i);
      g = nesterov ? madd(momentum, v, g) : v;
    }
    put(word(args, 3) + at, nmadd(rate, g, p), end - i);
  }
}

/** Command: [8] mean square [9] average or 0 [10] velocity or 0 [11] ρ [12] 1 − ρ [13] epsilon [14] momentum, floats. */
export function rmspropStep(args: usize, part: i32, parts: i32): void {
  const end = boundaryBy(int(args, 2), 16, part + 1, parts);
  const rate = v128.load32_splat(word(args, 5));
  const scale = scaleOf(args);
  const decay = f32x4.splat(float(args, 7));
  const rho = f32x4.splat(float(args, 11));
  const rest = f32x4.splat(float(args, 12));
  const epsilon = f32x4.splat(float(args, 13));
  const momentum = f32x4.splat(float(args, 14));
  const average = word(args, 9);
  const velocity = word(args, 10);
  for (let i = boundaryBy(int(args, 2), 16, part, parts); i < end; i += 4) {
    const at = <usize>i << 2;
    const p = v128.load(word(args, 3) + at);
    const g = madd(decay, p, f32x4.mul(v128.load(word(args, 4) + at), scale));
    const s = madd(rho, v128.load(word(args, 8) + at), f32x4.mul(f32x4.mul(rest, g), g));
    put(word(args, 8) + at, s, end - i);
    let variance = s;
    if (average) {
      const a = madd(rho, v128.load(average + at), f32x4.mul(rest, g));
      put(average + at, a, end - i);
      // Rounding of the stored averages may leave the variance a little below zero.
      variance = f32x4.pmax(nmadd(a, a, s), f32x4.splat(0));
    }
    let step = f32x4.div(g, f32x4.add(f32x4.sqrt(variance), epsilon));
    if (velocity) {
      step = madd(momentum, v128.load(velocity + at), step);
      put(velocity + at, step, end - i);
    }
    put(word(args, 3) + at, nmadd(rate, step, p), end - i);
  }
}

/** Command: [8] first moment [9] second moment [10] β₁ [11] 1 − β₁ [12] β₂ [13] 1 − β₂ [14] epsilon, floats [15] decoupled. */
export function adamStep(args: usize, part: i32, parts: i32): void {
  const end = boundaryBy(int(args, 2), 16, part + 1, parts);
  const schedule = word(args, 5);
  const rate = load<f32>(schedule);
  const firstScale = f32x4.splat(<f32>(<f64>rate / <f64>load<f32>(schedule, 4)));
  const secondScale = f32x4.splat(<f32>(1 / <f64>load<f32>(schedule, 8)));
  const scale = scaleOf(args);
  const decoupled = int(args, 15);
  const decay = f32x4.splat(decoupled ? 0 : float(args, 7));
  const away = f32x4.splat(decoupled ? <f32>(<f64>rate * <f64>float(args, 7)) : 0);
  const beta1 = f32x4.splat(float(args, 10));
  const rest1 = f32x4.splat(float(args, 11));
  const beta2 = f32x4.splat(float(args, 12));
  const rest2 = f32x4.splat(float(args, 13));
  const epsilon = f32x4.splat(float(args, 14));
  for (let i = boundaryBy(int(args, 2), 16, part, parts); i < end; i += 4) {
    const at = <usize>i << 2;
    const p = v128.load(word(args, 3) + at);
    const g = madd(decay, p, f32x4.mul(v128.load(word(args, 4) + at), scale));
    const m = madd(beta1, v128.load(word(args, 8) + at), f32x4.mul(rest1, g));
    const v = madd(beta2, v128.load(word(args, 9) + at), f32x4.mul(f32x4.mul(rest2, g), g));
    put(word(args, 8) + at, m, end - i);
    put(word(args, 9) + at, v, end - i);
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(v, secondScale)), epsilon);
    const step = f32x4.div(f32x4.mul(firstScale, m), root);
    put(word(args, 3) + at, f32x4.sub(nmadd(away, p, p), step), end - i);
  }
}
