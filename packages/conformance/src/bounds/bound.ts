// What a comparison allows: equality, or an absolute error for each element.

/**
 * - `bits`: equal to the bit (any NaN equals any NaN).
 * - `exact`: equal as numbers, so that −0 is 0.
 * - an array: the largest absolute error of each element; ∞ where the value is not defined.
 */
export type Bound = 'bits' | 'exact' | Float64Array
