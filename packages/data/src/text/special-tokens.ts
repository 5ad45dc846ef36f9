/** The four tokens that stand for no text, as every codec here has them. */

/** What the special tokens are called. */
export interface SpecialTokens {
  /** Fills batches. Default `<pad>`. */
  readonly padding: string
  /** Stands for what the vocabulary does not hold. Default `<unk>`. */
  readonly unknown: string
  /** What a decoder is fed first. Default `<s>`. */
  readonly start: string
  /** What a decoder gives last. Default `</s>`. */
  readonly end: string
}

/** The names of special tokens where nobody gives others. */
export const defaultSpecialTokens: SpecialTokens = { padding: '<pad>', unknown: '<unk>', start: '<s>', end: '</s>' }
