// The recurrent cells in WGSL: one unit of one row at one step, forward and backward. `Gates` is a number or vector with one element for each gate.
//
// They call what the kernels' wiring defines: `nameAt(…)` reads an operand, `namePut(…, value)` writes one.

import type { RecurrentKind } from '@rnn/core'
import { GATES } from '../recurrent-plan.ts'
import { mathOf } from './math.ts'

/** Blocks of `units` in the reserve. */
const RESERVED: Readonly<Record<RecurrentKind, number>> = { simpleTanh: 0, simpleRelu: 0, lstm: 5, gru: 4 }

/** The type `Gates` and what is done with it, by the number of gates. */
function gatesWgsl(gates: number): string {
  return gates === 1
    ? 'alias Gates = f32;\nfn inner(a: f32, b: f32) -> f32 { return a * b; }\nfn firstOf(a: f32) -> f32 { return a; }\n'
    : `alias Gates = vec${gates}f;\nfn inner(a: Gates, b: Gates) -> f32 { return dot(a, b); }\nfn firstOf(a: Gates) -> f32 { return a.x; }\n`
}

/** A vector of the gates: `expression` of each gate's number. */
export function gatesOf(cell: RecurrentKind, expression: (gate: number) => string): string {
  return `Gates(${Array.from({ length: GATES[cell] }, (_, gate) => expression(gate)).join(', ')})`
}

/** One statement for each gate of the vector `vector`. */
export function eachGate(
  cell: RecurrentKind,
  vector: string,
  statement: (value: string, gate: number) => string,
): string {
  if (GATES[cell] === 1) return statement(vector, 0)
  return Array.from({ length: GATES[cell] }, (_, gate) => statement(`${vector}[${gate}]`, gate)).join('\n  ')
}

/** Steps and rows: `rowLength(row)`, and `timeOf(length, step)`, the position of a row's step. */
const FRAME = `
fn rowLength(row: u32) -> u32 {
  if (row >= p.rows) { return 0u; }
  return u32(clamp(lengthsAt(row), 0, i32(p.steps)));
}
fn timeOf(length: u32, step: u32) -> u32 { return select(step, length - 1u - step, p.reverse != 0u); }
`

const ADVANCE: Readonly<Record<RecurrentKind, string>> = {
  simpleTanh: `
fn advance(x: Gates, product: Gates, hidden: f32, cell: f32) -> Next {
  return Next(rnnTanh(x + product), 0.0, vec4f());
}`,
  simpleRelu: `
fn advance(x: Gates, product: Gates, hidden: f32, cell: f32) -> Next {
  let sum = x + product;
  return Next(select(sum, 0.0, sum < 0.0 && !isNan(sum)), 0.0, vec4f());
}`,
  lstm: `
fn advance(x: Gates, product: Gates, hidden: f32, cell: f32) -> Next {
  let sum = x + product;
  let kept = vec4f(rnnSigmoid(sum.x), rnnSigmoid(sum.y), rnnTanh(sum.z), rnnSigmoid(sum.w));
  let next = kept.y * cell + kept.x * kept.z;
  return Next(kept.w * rnnTanh(next), next, kept);
}`,
  gru: `
fn advance(x: Gates, product: Gates, hidden: f32, cell: f32) -> Next {
  let reset = rnnSigmoid(x.x + product.x);
  let update = rnnSigmoid(x.y + product.y);
  let candidate = rnnTanh(x.z + reset * product.z);
  return Next(candidate + update * (hidden - candidate), 0.0, vec4f(reset, update, candidate, product.z));
}`,
}

/**
 * `advance(x, product, hidden, cell)`: the state after a step, from the projection, the recurrent product (with its bias), and the state before. `projectedGates`
 * reads the projection, `biasGates` the bias, `keep` writes the reserve.
 */
export function forwardCell(cell: RecurrentKind): string {
  const bias = cell === 'gru' ? gatesOf(cell, (g) => `recurrentBiasAt(${g}u * p.units + unit)`) : 'Gates()'
  const kept = Array.from({ length: RESERVED[cell] }, (_, block) => {
    const value = block === 4 ? 'next.cell' : `next.kept[${block}]`
    return `  reservePut(row, time, ${block}u * p.units + unit, ${value});\n`
  }).join('')
  return `${gatesWgsl(GATES[cell])}${mathOf('tanh', 'sigmoid')}${FRAME}
struct Next { hidden: f32, cell: f32, kept: vec4f }
${ADVANCE[cell]}
fn projectedGates(row: u32, time: u32, unit: u32) -> Gates {
  return ${gatesOf(cell, (g) => `projectedAt(row, time, ${g}u * p.units + unit)`)};
}
fn biasGates(unit: u32) -> Gates { return ${bias}; }
fn keep(row: u32, time: u32, unit: u32, next: Next) {
${kept}}
`
}

const SAVED: Readonly<Record<RecurrentKind, string>> = {
  simpleTanh: 'saved.value = sequenceAt(row, time, unit);',
  simpleRelu: 'saved.value = sequenceAt(row, time, unit);',
  lstm: `saved.kept = ${keptOf('reserveAt')};
  saved.value = reserveAt(row, time, 4u * p.units + unit);
  if (step == 0u) { saved.before = initialCellAt(row * p.units + unit); }
  else { saved.before = reserveAt(row, timeOf(length, step - 1u), 4u * p.units + unit); }`,
  gru: `saved.kept = ${keptOf('reserveAt')};
  if (step == 0u) { saved.before = initialHiddenAt(row * p.units + unit); }
  else { saved.before = sequenceAt(row, timeOf(length, step - 1u), unit); }`,
}

function keptOf(read: string): string {
  return `vec4f(${[0, 1, 2, 3].map((block) => `${read}(row, time, ${block}u * p.units + unit)`).join(', ')})`
}

const RETREAT: Readonly<Record<RecurrentKind, string>> = {
  simpleTanh: `
fn retreat(saved: Saved, gradHidden: f32, gradCell: f32) -> Back {
  let gradient = gradHidden * (1.0 - saved.value * saved.value);
  return Back(gradient, gradient, 0.0);
}`,
  simpleRelu: `
fn retreat(saved: Saved, gradHidden: f32, gradCell: f32) -> Back {
  let gradient = select(0.0, gradHidden, saved.value > 0.0 && !isNan(saved.value));
  return Back(gradient, gradient, 0.0);
}`,
  lstm: `
fn retreat(saved: Saved, gradHidden: f32, gradCell: f32) -> Back {
  let gate = saved.kept;
  let squashed = rnnTanh(saved.value);
  let grad = gradCell + gradHidden * gate.w * (1.0 - squashed * squashed);
  let gradient = vec4f(
    grad * gate.z * gate.x * (1.0 - gate.x),
    grad * saved.before * gate.y * (1.0 - gate.y),
    grad * gate.x * (1.0 - gate.z * gate.z),
    gradHidden * squashed * gate.w * (1.0 - gate.w));
  return Back(gradient, gradient, grad * gate.y);
}`,
  gru: `
fn retreat(saved: Saved, gradHidden: f32, gradCell: f32) -> Back {
  let reset = saved.kept.x;
  let update = saved.kept.y;
  let candidate = saved.kept.z;
  let gradN = gradHidden * (1.0 - update) * (1.0 - candidate * candidate);
  let gradR = gradN * saved.kept.w * reset * (1.0 - reset);
  let gradZ = gradHidden * (saved.before - candidate) * update * (1.0 - update);
  return Back(vec3f(gradR, gradZ, gradN), vec3f(gradR, gradZ, gradN * reset), gradHidden * update);
}`,
}

/**
 * `retreat(saved, gradHidden, gradCell)`: gradients of the gates, of the recurrent product, and what is carried to the step before (LSTM: the gradient of the cell;
 * GRU: of the hidden state, past the product). `savedAt` reads what forward left, `gradientsPut` writes.
 */
export function backwardCell(cell: RecurrentKind): string {
  const product =
    cell === 'gru'
      ? eachGate(cell, 'back.product', (x, g) => `gradRecurrentProductPut(row, time, ${g}u * p.units + unit, ${x});`)
      : ''
  const flow = cell === 'gru' ? 'gradRecurrentProductAt' : 'gradProjectedAt'
  return `${gatesWgsl(GATES[cell])}${mathOf('tanh')}${FRAME}
struct Saved { upstream: f32, value: f32, before: f32, kept: vec4f }
struct Back { gates: Gates, product: Gates, carried: f32 }
${RETREAT[cell]}
fn savedAt(row: u32, length: u32, step: u32, unit: u32) -> Saved {
  let time = timeOf(length, step);
  var saved = Saved();
  saved.upstream = gradSequenceAt(row, time, unit);
  ${SAVED[cell]}
  return saved;
}
fn gradientsPut(row: u32, time: u32, unit: u32, back: Back) {
  ${eachGate(cell, 'back.gates', (x, g) => `gradProjectedPut(row, time, ${g}u * p.units + unit, ${x});`)}
  ${product}
}
fn flowGates(row: u32, time: u32, unit: u32) -> Gates {
  return ${gatesOf(cell, (g) => `${flow}(row, time, ${g}u * p.units + unit)`)};
}
`
}

/** `finishCell`: what the last product of a backward pass needs, which has no step of its own. */
export function finishCell(cell: RecurrentKind): string {
  return `${gatesWgsl(GATES[cell])}${FRAME}
fn flowGates(row: u32, time: u32, unit: u32) -> Gates {
  return ${gatesOf(cell, (g) => `flowAt(row, time, ${g}u * p.units + unit)`)};
}
`
}
