// ONNX models of one recurrent node: written, read, and their weights in our layout. As much of onnx.proto (opset 14 and later) as that needs.

import type { HostArray } from '@rnn/layers'

/** What an attribute of a node may be here. */
export type OnnxAttribute = number | string | readonly number[] | readonly string[]

/** A recurrent node: `LSTM`, `GRU` or `RNN`. */
export interface OnnxNode {
  readonly op: string
  /** Names of the inputs in their order; empty for those left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

// ─── Weights ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** For each block of our gates, which of ONNX's it is: i f g o of i o f c; coupled i g o; r z n of z r h. */
const GATES: Readonly<Record<string, readonly number[]>> = {
  LSTM: [0, 2, 3, 1],
  coupled: [0, 3, 1],
  GRU: [1, 0, 2],
  RNN: [0],
}

/** The weights of a node by ONNX's names: W `[directions, G·H, I]`, R `[directions, G·H, H]`, B `[directions, 2·G·H]`, P `[directions, 3·H]`. */
export type OnnxWeights = Readonly<Record<'W' | 'R', HostArray>> & Partial<Readonly<Record<'B' | 'P', HostArray>>>

/** One direction's weights by our names. */
export function ourWeights(node: OnnxNode, weights: OnnxWeights, direction: number): Record<string, Float32Array> {
  const { op, attributes } = node
  const { W, R, B, P } = weights
  const units = R.shape[2] ?? 0
  const coupled = attributes['input_forget'] === 1
  const order = GATES[coupled ? 'coupled' : op] ?? []
  const rows = W.shape[1] ?? 0

  const kernel = ({ data, shape: [, , size = 0] }: HostArray): Float32Array =>
    Float32Array.from({ length: size * order.length * units }, (_, i) => {
      const [row, column] = [Math.floor(i / (order.length * units)), i % (order.length * units)]
      const from = (order[Math.floor(column / units)] ?? 0) * units + (column % units)
      return data[(direction * rows + from) * size + row] ?? 0
    })
  const bias = (half: 0 | 1): Float32Array =>
    Float32Array.from({ length: order.length * units }, (_, column) => {
      const from = (order[Math.floor(column / units)] ?? 0) * units + (column % units)
      return B?.data[(2 * direction + half) * rows + from] ?? 0
    })
  const separate = op === 'GRU' && attributes['linear_before_reset'] === 1
  const [own, recurrentBias] = [bias(0), bias(1)]
  return {
    kernel: kernel(W),
    recurrent: kernel(R),
    bias: separate ? own : own.map((value, i) => value + (recurrentBias[i] ?? 0)),
    ...(separate && { recurrentBias }),
    ...(P && { peephole: peephole(P, direction, units, coupled) }),
  }
}

/** Rows i, f, o of ONNX's i, o, f. */
function peephole(P: HostArray, direction: number, units: number, coupled: boolean): Float32Array {
  const order = coupled ? [0, 1] : [0, 2, 1]
  const own = P.data.slice(direction * 3 * units, (direction + 1) * 3 * units)
  return Float32Array.from({ length: order.length * units }, (_, i) => {
    return own[(order[Math.floor(i / units)] ?? 0) * units + (i % units)] ?? 0
  })
}

// ─── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const FLOAT = 1
const INT32 = 6

/** A model of the node alone. Every input is fed at run time; dtypes follow from the arrays. */
export function writeModel(node: OnnxNode, feeds: Readonly<Record<string, HostArray>>): Uint8Array {
  const value = (field: number, name: string, array: HostArray | undefined): Uint8Array => {
    const dimensions = array?.shape.map((size) => message(1, [integer(1, size)])) ?? []
    const shape = array === undefined ? [] : [message(2, dimensions)]
    const type = array?.data instanceof Int32Array ? INT32 : FLOAT
    return message(field, [message(1, name), message(2, [message(1, [integer(1, type), ...shape])])])
  }
  const graph = [
    message(1, [
      ...node.inputs.map((name) => message(1, name)),
      ...node.outputs.map((name) => message(2, name)),
      message(4, node.op),
      ...Object.entries(node.attributes).map(([name, each]) => message(5, attribute(name, each))),
    ]),
    message(2, 'layer'),
    ...Object.entries(feeds).map(([name, array]) => value(11, name, array)),
    ...node.outputs.map((name) => value(12, name, undefined)),
  ]
  return join([integer(1, 8), message(7, graph), message(8, [message(1, ''), integer(2, 14)])])
}

function attribute(name: string, value: OnnxAttribute): Uint8Array[] {
  const named = message(1, name)
  if (typeof value === 'string') return [named, message(4, value), integer(20, 3)]
  if (typeof value === 'number') {
    return name === 'clip' ? [named, float(2, value), integer(20, 1)] : [named, integer(3, value), integer(20, 2)]
  }
  return typeof value[0] === 'string'
    ? [named, ...(value as readonly string[]).map((each) => message(9, each)), integer(20, 8)]
    : [named, ...(value as readonly number[]).map((each) => float(7, each)), integer(20, 6)]
}

function integer(field: number, value: number): Uint8Array {
  return join([varint(field << 3), varint(value)])
}

function float(field: number, value: number): Uint8Array {
  return join([varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)])
}

function message(field: number, value: string | readonly Uint8Array[]): Uint8Array {
  const content = typeof value === 'string' ? new TextEncoder().encode(value) : join(value)
  return join([varint((field << 3) | 2), varint(content.length), content])
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

// ─── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Fields of a message: varints as numbers, everything else as bytes. */
type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>

/** The first node of a model's graph. */
export function readNode(model: Uint8Array): OnnxNode {
  const node = nested(nested(fieldsOf(model), 7), 1)
  return {
    inputs: texts(node, 1),
    outputs: texts(node, 2),
    op: texts(node, 4)[0] ?? '',
    attributes: Object.fromEntries(
      (node.get(5) ?? []).map((bytes) => {
        const fields = fieldsOf(bytes as Uint8Array)
        const [text] = texts(fields, 4)
        const [whole] = fields.get(3) ?? []
        return [texts(fields, 1)[0] ?? '', text ?? (whole as number)]
      }),
    ),
  }
}

/** A TensorProto: its name and its values. */
export function readTensor(bytes: Uint8Array): readonly [name: string, array: HostArray] {
  const fields = fieldsOf(bytes)
  const [raw] = fields.get(9) ?? []
  const [type] = fields.get(2) ?? []
  if (!(raw instanceof Uint8Array) || (type !== FLOAT && type !== INT32)) throw new Error('a tensor of another kind')
  const { buffer } = Uint8Array.from(raw)
  const data = type === FLOAT ? new Float32Array(buffer) : new Int32Array(buffer)
  return [texts(fields, 8)[0] ?? '', { data, shape: (fields.get(1) ?? []) as number[] }]
}

function nested(fields: Fields, field: number): Fields {
  return fieldsOf((fields.get(field)?.[0] ?? new Uint8Array()) as Uint8Array)
}

function texts(fields: Fields, field: number): string[] {
  return (fields.get(field) ?? []).map((bytes) => new TextDecoder().decode(bytes as Uint8Array))
}

function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (number | Uint8Array)[]>()
  let at = 0
  const next = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte % 128) * factor
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = next()
    const kind = tag & 7
    const length = kind === 2 ? next() : kind === 5 ? 4 : kind === 1 ? 8 : 0
    const value = kind === 0 ? next() : bytes.subarray(at, (at += length))
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}
