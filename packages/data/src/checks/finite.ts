/** Looks for NaN and infinity in numbers before they meet a network, where one of them spoils every weight. */

import { DataError } from '../errors.ts'

/**
 * Throws `E_NOT_FINITE`, with index and row, at the first NaN or infinity. Integer arrays have none.
 *
 * @example
 * ```ts
 * import { checkFinite, hostArray } from '@rnn/data'
 * let message
 * try {
 *   checkFinite(hostArray(Float32Array.of(1, 2, 3, NaN), [2, 2]), 'inputs')
 * } catch (error) {
 *   message = error.message
 * }
 * message // → "row 1: inputs holds NaN at [1, 1]; leave the row out or fill the gap before training"
 * ```
 */
export function checkFinite(
  array: { readonly data: ArrayLike<number>; readonly shape: readonly number[] } | ArrayLike<number>,
  name: string,
): void {
  const data = 'data' in array ? array.data : array
  const shape = 'data' in array ? array.shape : [array.length]
  if (data instanceof Int32Array) return
  for (let index = 0; index < data.length; index++) {
    const value = data[index] as number
    if (Number.isFinite(value)) continue
    const position = unravel(index, shape)
    throw new DataError('E_NOT_FINITE', {
      row: position[0],
      problem: `${name} holds ${value} at [${position.join(', ')}]`,
      got: value,
      expected: 'finite numbers',
      fix: 'leave the row out or fill the gap before training',
    })
  }
}

/** The position along each axis of a flat index. */
function unravel(index: number, shape: readonly number[]): number[] {
  let rest = index
  return shape
    .toReversed()
    .map((dimension) => {
      const position = rest % dimension
      rest = (rest - position) / dimension
      return position
    })
    .toReversed()
}
