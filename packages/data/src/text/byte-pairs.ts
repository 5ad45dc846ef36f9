/**
 * Learns byte-pair encoding (Sennrich, Haddow and Birch 2016): the most frequent pair of neighbouring symbols within
 * words becomes a symbol, again and again. The counts of pairs are kept up from merge to merge, and a heap finds the most
 * frequent one, so that a merge costs as much as the words that it changes.
 */

import { compareCodePoints } from './code-points.ts'

/** What was learned. */
export interface BytePairs {
  /** The alphabet, then the symbols that the merges made, in their order. */
  readonly tokens: readonly string[]
  /** Each merge is of two tokens that came before. */
  readonly merges: readonly (readonly [left: string, right: string])[]
}

/** When to stop. */
export interface BytePairLimits {
  /** At most this many tokens, the alphabet included. */
  readonly maxTokens: number
  /** Pairs seen less often are not merged. */
  readonly minFrequency: number
}

/** A pair in the heap, with its count as of when it was put there. */
interface Candidate {
  readonly left: number
  readonly right: number
  readonly count: number
}

/** Tokens stay below this, so that a pair is one exact number: left · width + right. */
const width = 2 ** 22

/**
 * Merges learned from words and how often each occurs. Of pairs equally frequent, the first by the code points of left
 * and then right is merged, so that the result does not depend on the order of the words. Every character of a word must
 * be in the alphabet.
 */
export function learnBytePairs(
  wordCounts: ReadonlyMap<string, number>,
  alphabet: readonly string[],
  { maxTokens, minFrequency }: BytePairLimits,
): BytePairs {
  const tokens = [...alphabet]
  const ids = new Map(tokens.map((token, id) => [token, id]))
  const merges: (readonly [string, string])[] = []
  const words: number[][] = []
  const frequencies: number[] = []
  for (const [word, count] of wordCounts) {
    words.push(Array.from(word, (symbol) => ids.get(symbol) as number))
    frequencies.push(count)
  }

  const counts = new Map<number, number>()
  // The words that a pair was seen in. Merges of other pairs may have taken it out of some of them since.
  const places = new Map<number, number[]>()
  const note = (pair: number, word: number, changes: Map<number, number>): void => {
    changes.set(pair, (changes.get(pair) ?? 0) + (frequencies[word] as number))
    const list = places.get(pair)
    if (list === undefined) places.set(pair, [word])
    else if (list.at(-1) !== word) list.push(word)
  }
  for (const [word, symbols] of words.entries()) {
    for (let i = 1; i < symbols.length; i++) note(pairOf(symbols, i), word, counts)
  }

  const before = (a: Candidate, b: Candidate): boolean => {
    if (a.count !== b.count) return a.count > b.count
    const order = compareCodePoints(tokens[a.left] as string, tokens[b.left] as string)
    return (order || compareCodePoints(tokens[a.right] as string, tokens[b.right] as string)) < 0
  }
  const heap: Candidate[] = []
  const offer = (pair: number, count: number): void => {
    if (count >= minFrequency) push(heap, { left: Math.floor(pair / width), right: pair % width, count }, before)
  }
  for (const [pair, count] of counts) offer(pair, count)

  while (tokens.length < maxTokens) {
    const best = pop(heap, before)
    if (best === undefined) break
    const { left, right } = best
    const pair = left * width + right
    const count = counts.get(pair) ?? 0
    if (count !== best.count) {
      offer(pair, count) // it was counted before other merges took some away
      continue
    }
    // No other pair makes this token: within its letters nothing but the merges before decides how they join. So a pair
    // that was merged never comes back either.
    const id = tokens.push(`${tokens[left] as string}${tokens[right] as string}`) - 1
    merges.push([tokens[left] as string, tokens[right] as string])

    const changes = new Map<number, number>()
    for (const word of places.get(pair) ?? []) {
      const symbols = words[word] as number[]
      const joined = join(symbols, left, right, id)
      if (joined.length === symbols.length) continue
      const frequency = frequencies[word] as number
      for (let i = 1; i < symbols.length; i++) {
        const old = pairOf(symbols, i)
        changes.set(old, (changes.get(old) ?? 0) - frequency)
      }
      for (let i = 1; i < joined.length; i++) {
        const now = pairOf(joined, i)
        // Only pairs of the new symbol can be new to the word.
        if (joined[i - 1] === id || joined[i] === id) note(now, word, changes)
        else changes.set(now, (changes.get(now) ?? 0) + frequency)
      }
      words[word] = joined
    }
    places.delete(pair)
    for (const [changed, difference] of changes) {
      if (difference === 0) continue
      const now = (counts.get(changed) ?? 0) + difference
      if (now === 0) counts.delete(changed)
      else counts.set(changed, now)
      if (difference > 0) offer(changed, now) // one that fell is put right when it comes up
    }
  }
  return { tokens, merges }
}

function pairOf(symbols: readonly number[], end: number): number {
  return (symbols[end - 1] as number) * width + (symbols[end] as number)
}

/** The symbols with each `left right` replaced by `id`, from the left. */
function join(symbols: readonly number[], left: number, right: number, id: number): number[] {
  const joined: number[] = []
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      joined.push(id)
      i += 1
    } else joined.push(symbols[i] as number)
  }
  return joined
}

/** Puts an item into a binary heap whose first item comes before all others. */
function push<T>(heap: T[], item: T, before: (a: T, b: T) => boolean): void {
  let at = heap.push(item) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(item, heap[parent] as T)) break
    heap[at] = heap[parent] as T
    at = parent
  }
  heap[at] = item
}

/** Takes the first item out of a binary heap. */
function pop<T>(heap: T[], before: (a: T, b: T) => boolean): T | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1] as T, heap[child] as T)) child += 1
    if (!before(heap[child] as T, last)) break
    heap[at] = heap[child] as T
    at = child
  }
  heap[at] = last
  return first
}
