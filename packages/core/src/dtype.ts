// Element types of tensors, and the typed arrays that carry them on the host.

/**
 * Element type of a tensor. Every element takes four bytes on every backend.
 *
 * - `float32`: IEEE 754 single precision.
 * - `int32`: two's complement; token ids, class labels, lengths, random keys.
 * - `bool`: a mask; stored as an int32 that is 0 or 1.
 */
export type DType = 'float32' | 'int32' | 'bool'

/** Bytes of one element, the same for all dtypes. */
export const BYTES_PER_ELEMENT = 4

/** Host array of a dtype: `Float32Array` for float32, `Int32Array` for int32 and bool. */
export type TypedArrayOf<D extends DType> = D extends 'float32' ? Float32Array : Int32Array

/**
 * Views the bytes of a buffer as elements of a dtype, without a copy.
 *
 * @param bytes whole elements; `byteOffset` a multiple of 4.
 */
export function viewAs<D extends DType>(dtype: D, bytes: Uint8Array): TypedArrayOf<D> {
  const length = bytes.byteLength / BYTES_PER_ELEMENT
  const array =
    dtype === 'float32'
      ? new Float32Array(bytes.buffer, bytes.byteOffset, length)
      : new Int32Array(bytes.buffer, bytes.byteOffset, length)
  return array as TypedArrayOf<D> // the branch above is the proof that the compiler can't follow
}
