/** Parsers for the values of options: each says what it got and what it expects. */

import { AppError } from './errors.ts'

/** A parser of whole numbers of at least `least`. @throws E_OPTION */
export function wholeNumber(
  option: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^[+-]?\d+$/.test(text.trim()) && Number.isSafeInteger(value) && value >= least && value <= most) return value
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    throw new AppError('E_OPTION', `${option} is "${text}", expected a whole number ${range}`)
  }
}

/** A parser of numbers greater than `above` and at most (or, for a share, below) `limit`. @throws E_OPTION */
export function numberAbove(option: string, above: number, below: number = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && value > above && value < below) return value
    const range =
      below === Infinity ? `a finite number greater than ${above}` : `a number between ${above} and ${below}`
    throw new AppError('E_OPTION', `${option} is "${text}", expected ${range}`)
  }
}

/** A parser of a share: 0 up to, not including, 1. @throws E_OPTION */
export function share(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && value >= 0 && value < 1) return value
    throw new AppError('E_OPTION', `${option} is "${text}", expected a number from 0 to below 1`)
  }
}

/** A parser of paths: anything but nothing. @throws E_OPTION */
export function path(option: string, what: string): (text: string) => string {
  return (text) => {
    if (text.trim() !== '') return text
    throw new AppError('E_OPTION', `${option} is empty, expected ${what}`)
  }
}

/** A parser of one of some words. @throws E_OPTION that lists them */
export function oneOf<const Choice extends string>(
  option: string,
  choices: readonly Choice[],
): (text: string) => Choice {
  return (text) => {
    const found = choices.find((choice) => choice === text)
    if (found !== undefined) return found
    throw new AppError('E_OPTION', `${option} is "${text}"`, `available: ${choices.join(', ')}`)
  }
}
