/** As much of protocol buffers' wire format as an ONNX model needs. */

/** The bytes of one field with its tag. */
export type Field = Uint8Array

/** A whole number that is not negative. */
export function integer(field: number, value: number): Field {
  return join([varint(field << 3), varint(value)])
}

/** A string, bytes, or a message from its fields. */
export function bytes(field: number, value: string | Uint8Array | readonly Field[]): Field {
  const content =
    typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : join(value)
  return join([varint((field << 3) | 2), varint(content.length), content])
}

/** Bytes one after another: a message from its fields. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}

function varint(value: number): Uint8Array {
  const result: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...result, rest])
    result.push((rest % 128) | 128)
  }
}
