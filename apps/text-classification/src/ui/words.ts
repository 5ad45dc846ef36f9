/** Words with what they did to a decision: coloured in the text, or with a bar each. */

import type { WordScore } from '../attribution.ts'
import { paint, type Style } from 'app-kit/ui/style'
import { printable } from 'app-kit/ui/wrap'

/**
 * The text with the words that spoke for the decision in green and those against it in red, the strong ones bold; plain where output is
 * no terminal.
 */
export function highlighted(text: string, scores: readonly WordScore[]): string {
  const most = largest(scores)
  const lower = text.toLowerCase()
  let shown = ''
  let at = 0
  for (const { word, score } of scores) {
    const found = lower.indexOf(word, at)
    if (found < 0) continue // the tokeniser rewrote it: it stays as it is, without colour
    const strength = Math.abs(score) / most
    const colour = score > 0 ? 'green' : 'red'
    const style: Style = strength < 0.15 ? 'dim' : strength > 0.5 ? ['bold', colour] : colour
    shown += printable(text.slice(at, found)) + paint(style, printable(text.slice(found, found + word.length)))
    at = found + word.length
  }
  return shown + printable(text.slice(at))
}

/** The words that spoke for the decision, strongest first: `not +2.10, dull +1.33`. Punctuation is left out. */
export function strongest(scores: readonly WordScore[], count: number): string {
  return scores
    .filter(({ word, score }) => score > 0 && /[\p{L}\p{N}]/u.test(word))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ word, score }) => `${word} ${signed(score)}`)
    .join(', ')
}

/** One line a word: the word, its score, and a bar to the right (for the decision) or to the left (against it). */
export function bars(scores: readonly WordScore[], width = 16): string[] {
  const most = largest(scores)
  const column = scores.reduce((most, { word }) => Math.max(most, word.length), 0)
  return scores.map(({ word, score, known }) => {
    const length = Math.round((Math.abs(score) / most) * width)
    const left = score < 0 ? paint('red', '█'.repeat(length)) : ''
    const right = score > 0 ? paint('green', '█'.repeat(length)) : ''
    const padded = ' '.repeat(width - (score < 0 ? length : 0)) + left
    const remark = known ? '' : paint('dim', ' (not in the vocabulary)')
    return `  ${printable(word).padEnd(column)} ${signed(score).padStart(6)} ${padded}│${right}${remark}`
  })
}

function largest(scores: readonly WordScore[]): number {
  return scores.reduce((most, { score }) => Math.max(most, Math.abs(score)), Number.MIN_VALUE)
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}
