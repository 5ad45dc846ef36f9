/** How good translations are: BLEU, chrF, exact match. */

import { bleu, chrF, exactMatch } from '@rnn/data'
import type { Pairs } from './data-sources.ts'
import { translate, type Search } from './translate.ts'
import type { Translator } from './translator.ts'

/** Scores of translations against their references. */
export interface Scores {
  readonly sentences: number
  readonly bleu: number
  readonly bleuSignature: string
  readonly chrF: number
  readonly exactMatch: number
  /** Sentences a second. */
  readonly perSecond: number
}

/** Translates the sources and compares with the targets; lower-cased where the model knows no capitals. */
export async function scoreOn(
  translator: Translator,
  { pairs }: Pairs,
  search: Search,
): Promise<{ readonly scores: Scores; readonly translations: readonly string[] }> {
  const began = performance.now()
  const found = await translate(
    translator,
    pairs.map(({ source }) => source),
    search,
  )
  const seconds = (performance.now() - began) / 1000
  const translations = found.map(([best]) => best?.text ?? '')
  const { lowerCase } = translator.settings
  const references = pairs.map(({ target }) => (lowerCase ? target.toLowerCase() : target))
  const score = bleu(translations, references, { lowercase: lowerCase })
  return {
    translations,
    scores: {
      sentences: pairs.length,
      bleu: score.score,
      bleuSignature: score.signature,
      chrF: chrF(translations, references).score,
      exactMatch: exactMatch(translations, references),
      perSecond: pairs.length / seconds,
    },
  }
}
