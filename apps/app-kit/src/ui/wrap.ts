/** Texts that fit the terminal, and do no more to it than show themselves. */

import { stripVTControlCharacters } from 'node:util'

/** The columns of standard output; undefined where it is no terminal, whose lines may be of any length. */
export function outputColumns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined
}

/** Breaks a text between words, lines after the first indented, where there is a limit. Colours are no part of the length. */
export function wrap(text: string, columns: number | undefined, indent = 0): string {
  if (columns === undefined) return text
  const length = (part: string): number => stripVTControlCharacters(part).length
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined) lines.push(word)
    else if (length(line) + 1 + length(word) <= columns) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(' '.repeat(indent) + word)
  }
  return lines.join('\n')
}

/** A text on one line, with pictures (␛) in the place of characters that would steer the terminal. */
export function printable(text: string): string {
  return text
    .replace(/[\t\n\r]+/g, ' ')
    .replace(/\p{Cc}/gu, (character) =>
      String.fromCodePoint(Math.min(0x2400 + (character.codePointAt(0) ?? 0), 0x2421)),
    )
    .replace(/\p{Bidi_Control}/gu, '\u2421')
}
