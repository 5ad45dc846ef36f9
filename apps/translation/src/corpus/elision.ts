/** French words side by side: elision (`l'ami`), forms before a vowel (`cet ami`), contraction (`du`, `au`). */

export interface FrenchWord {
  readonly text: string
  /** What it becomes before a vowel or a silent h. */
  readonly beforeVowel?: string
}

/** Words whose first letter doesn't count as a vowel. */
const aspirated = new Set(['héros', 'hibou', 'hiboux', 'haricot', 'haricots', 'huit', 'onze'])

/** Tells whether words before it elide. */
export function beginsWithVowel(word: string): boolean {
  return /^[aàâeéèêiîoôuùûœh]/.test(word) && !aspirated.has(word)
}

const contractions: ReadonlyMap<string, string> = new Map([
  ['de le', 'du'],
  ['de les', 'des'],
  ['à le', 'au'],
  ['à les', 'aux'],
])

/** The words as they are written. */
export function joinFrench(words: readonly FrenchWord[]): string {
  const spelt: string[] = []
  for (const [index, { text, beforeVowel }] of words.entries()) {
    const next = words[index + 1]
    const form = beforeVowel !== undefined && next !== undefined && beginsWithVowel(next.text) ? beforeVowel : text
    const contracted = contractions.get(`${spelt.at(-1) ?? ''} ${form}`)
    if (contracted === undefined) spelt.push(form)
    else spelt[spelt.length - 1] = contracted
  }
  return spelt.join(' ').replaceAll("' ", "'").replaceAll(' ,', ',')
}
