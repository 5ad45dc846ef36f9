/** Colours of the terminal, where standard output is one and nobody asked for none (NO_COLOR). */

import { styleText } from 'node:util'

/** One or more styles of `styleText`. */
export type Style = Parameters<typeof styleText>[0]

/** A text in colour or weight; plain where output is no terminal. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** A heading with an empty line before it. */
export function heading(text: string): string {
  return `\n${paint('bold', text)}`
}

/** `0.9537` as `95.4 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** Seconds as `7.3 s` or `4 min 12 s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}
