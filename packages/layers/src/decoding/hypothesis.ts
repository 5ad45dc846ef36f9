// What decoding finds, and how it is kept while it grows.

/** One way to write the target. */
export interface Hypothesis {
  /** Word ids, without start and end. */
  readonly words: Int32Array
  /** ln p of the words, and of the end where it was written. */
  readonly logProbability: number
  /** What hypotheses were ranked by: `logProbability`, divided by the length penalty in a beam search. */
  readonly score: number
  /** Whether the model wrote an end; otherwise the longest length did. */
  readonly ended: boolean
  /**
   * What each word looked at, one array for each of `words` and one for the end: weights over the places of the source, without its padding. Undefined unless it was asked for, and for models
   * without attention.
   */
  readonly attention: readonly Float32Array[] | undefined
}

/** A word with those before it. Hypotheses share beginnings. */
export interface Chain {
  readonly before: Chain | undefined
  readonly word: number
  readonly attention: Float32Array | undefined
  readonly length: number
  /** Sum over the chain. */
  readonly logProbability: number
}

/** A chain with one more word. */
export function grow(
  before: Chain | undefined,
  word: number,
  logProbability: number,
  attention: Float32Array | undefined,
): Chain {
  return {
    before,
    word,
    attention,
    length: (before?.length ?? 0) + 1,
    logProbability: (before?.logProbability ?? 0) + logProbability,
  }
}

/** The hypothesis at the end of a chain; with `ended` its last word is the end. */
export function hypothesisOf(chain: Chain | undefined, ended: boolean, score: number, attends: boolean): Hypothesis {
  const words: number[] = []
  const attention: Float32Array[] = []
  for (let each = chain; each !== undefined; each = each.before) {
    words.push(each.word)
    if (each.attention !== undefined) attention.push(each.attention)
  }
  words.reverse()
  if (ended) words.pop()
  return {
    words: Int32Array.from(words),
    logProbability: chain?.logProbability ?? 0,
    score,
    ended,
    attention: attends ? attention.reverse() : undefined,
  }
}
