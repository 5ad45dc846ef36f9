/** An ONNX model of one recurrent layer, as bytes (onnx.proto, opset 14). */

import type { RecurrentData } from '../../workloads/recurrent-data.ts'
import { gatesOf, type Sizes } from '../../workloads/workload.ts'
import { bytes, integer, join, type Field } from './protobuf.ts'

const IR_VERSION = 8
const OPSET = 14
const FLOAT = 1
const ATTRIBUTE_INT = 2

/** For each block of ONNX's gates (i o f c; z r h), which of ours it is. */
const GATE_ORDERS = { lstm: [0, 3, 1, 2], gru: [1, 0, 2] } as const

/**
 * A layer with the weights of the data. Inputs `X [T, B, I]` and the initial states `h`, `c` `[1, B, H]`; outputs `Y [T, 1, B, H]` and the final states `next_h`, `next_c`. The GRU has
 * `c` and `next_c` not, and its reset after the recurrent product.
 */
export function onnxModel(cell: 'lstm' | 'gru', sizes: Sizes, data: RecurrentData): Uint8Array {
  const { batch, time, inputSize, units } = sizes
  const columns = gatesOf(cell) * units
  const order = GATE_ORDERS[cell]
  const recurrentBias = cell === 'gru' ? data.recurrentBias : new Float32Array(columns)
  const biases = [...byGates(data.bias, 1, order, units), ...byGates(recurrentBias, 1, order, units)]
  const states = cell === 'lstm' ? ['h', 'c'] : ['h']
  const state = [1, batch, units]
  const node = [
    // The empty name is the optional input `sequence_lens`.
    ...['X', 'W', 'R', 'B', '', ...states].map((name) => bytes(1, name)),
    ...['Y', ...states.map((name) => `next_${name}`)].map((name) => bytes(2, name)),
    bytes(4, cell.toUpperCase()),
    attribute('hidden_size', units),
    ...(cell === 'gru' ? [attribute('linear_before_reset', 1)] : []),
  ]
  const graph = [
    bytes(1, node),
    bytes(2, cell),
    constant('W', [1, columns, inputSize], byGates(data.kernel, inputSize, order, units)),
    constant('R', [1, columns, units], byGates(data.recurrent, units, order, units)),
    constant('B', [1, 2 * columns], Float32Array.from(biases)),
    value(11, 'X', [time, batch, inputSize]),
    ...states.map((name) => value(11, name, state)),
    value(12, 'Y', [time, 1, batch, units]),
    ...states.map((name) => value(12, `next_${name}`, state)),
  ]
  return join([integer(1, IR_VERSION), bytes(7, graph), bytes(8, [bytes(1, ''), integer(2, OPSET)])])
}

/** Weights `[rows, G·H]` as `[G·H, rows]`, with the gates in another order: block i of the result is block `order[i]`. */
function byGates(weights: Float32Array, rows: number, order: readonly number[], units: number): Float32Array {
  const columns = order.length * units
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows]
    const gate = order[Math.floor(column / units)]!
    return weights[row * columns + gate * units + (column % units)]!
  })
}

function attribute(name: string, integerValue: number): Field {
  return bytes(5, [bytes(1, name), integer(3, integerValue), integer(20, ATTRIBUTE_INT)])
}

function constant(name: string, shape: readonly number[], values: Float32Array): Field {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength) // little-endian, as ONNX's raw data is
  return bytes(5, [...shape.map((size) => integer(1, size)), integer(2, FLOAT), bytes(8, name), bytes(9, raw)])
}

function value(field: number, name: string, shape: readonly number[]): Field {
  const dimensions = shape.map((size) => bytes(1, [integer(1, size)]))
  return bytes(field, [bytes(1, name), bytes(2, [bytes(1, [integer(1, FLOAT), bytes(2, dimensions)])])])
}
