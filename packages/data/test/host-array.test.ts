/** Host arrays: their shapes, their rows, and whether they are finite. */
import { describe, expect, it } from 'vitest'
import { checkClasses, checkFinite, gatherRows, hostArray } from '../src/index.ts'
import { failure } from './failure.ts'

describe('hostArray', () => {
  it('pairs data with a shape, without a copy', () => {
    const data = new Float32Array(6)
    expect(hostArray(data, [2, 3]).data).toBe(data)
    expect(hostArray(new Int32Array(1), []).shape).toEqual([])
  })

  it.each([[[2, 2]], [[-2, -3]], [[1.5, 4]]])('refuses the shape %j for six elements', (shape) => {
    expect(failure(() => hostArray(new Float32Array(6), shape))).toMatchObject({
      code: 'E_SHAPE',
      message: `hostArray: shape [${shape.join(', ')}] does not fit 6 elements`,
    })
  })

  it('refuses other kinds of arrays', () => {
    const doubles = new Float64Array(2) as unknown as Float32Array
    expect(failure(() => hostArray(doubles, [2])).message).toBe(
      'hostArray: the data are of type Float64Array, expected Float32Array or Int32Array; convert them: Float32Array.from(data)',
    )
  })
})

describe('gatherRows', () => {
  it('copies the chosen rows, in the order asked for, and keeps the kind of array', () => {
    const array = hostArray(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [4, 1, 2])
    const rows = gatherRows(array, [3, 0, 3])
    expect(rows).toEqual({ data: Float32Array.of(7, 8, 1, 2, 7, 8), shape: [3, 1, 2] })
    rows.data[0] = 99
    expect(array.data[6]).toBe(7)
    expect(gatherRows(hostArray(Int32Array.of(1, 2), [2]), [1]).data).toEqual(Int32Array.of(2))
  })

  it.each([-1, 4, NaN])('refuses the row %s of four', (row) => {
    const array = hostArray(new Float32Array(4), [4])
    expect(failure(() => gatherRows(array, [row])).code).toBe('E_ID')
  })
})

describe('checkFinite', () => {
  it('lets finite numbers pass', () => {
    checkFinite(hostArray(Float32Array.of(0, -1e38, 1e-45), [3]), 'x')
    checkFinite(hostArray(Int32Array.of(1), [1]), 'x')
    checkFinite([1, 2], 'x')
  })

  it.each([NaN, Infinity, -Infinity])('finds %s, with its row and position', (value) => {
    const data = new Float32Array(24)
    data[23] = value
    const error = failure(() => checkFinite(hostArray(data, [2, 3, 4]), 'inputs'))
    expect(error).toMatchObject({ code: 'E_NOT_FINITE', row: 1 })
    expect(error.message).toContain(`inputs holds ${value} at [1, 2, 3]`)
    expect(failure(() => checkFinite([1, value], 'series')).message).toContain(`series holds ${value} at [1]`)
  })
})

describe('checkClasses', () => {
  it('refuses labels of fewer than two kinds', () => {
    checkClasses(['a', 'b'])
    expect(failure(() => checkClasses(['a', 'a'], { file: 'train.tsv' }))).toMatchObject({
      code: 'E_ONE_CLASS',
      message: 'train.tsv: the only label is "a"; training needs examples of at least two labels',
    })
    expect(failure(() => checkClasses([])).code).toBe('E_ONE_CLASS')
  })
})
