/** What a program that reads and writes sentences needs of a vocabulary, whether its units are words, characters or subwords. */

/** Text to ids and back. Immutable; {@link toJSON} is a Hugging Face `tokenizer.json`. */
export interface TextCodec {
  /** What its ids stand for. */
  readonly unit: 'words' | 'characters' | 'subwords'
  /** How many ids there are: the `vocabularySize` of an embedding, the `units` of the output layer. */
  readonly size: number
  /** Every token by id. */
  readonly tokens: readonly string[]
  /** Fills batches. */
  readonly paddingId: number
  /** Stands for what the vocabulary does not hold. */
  readonly unknownId: number
  /** What a decoder is fed first. */
  readonly startId: number
  /** What a decoder gives last. */
  readonly endId: number
  /** The ids of a text, without start and end, int32, as a new array that the caller owns; none for a text of no tokens. */
  encode(text: string): Int32Array
  /** The text of ids; padding, start and end are left out. Throws `E_ID` for an id out of range. */
  decode(ids: Iterable<number>): string
  /** The token of an id, as a person would read it: for alignments and pictures. Throws `E_ID`. */
  label(id: number): string
  /** What each id of `encode(text)` was made from, as a person would read it, unknown words too: for alignments. */
  pieces(text: string): string[]
  /** For `JSON.stringify`: a Hugging Face `tokenizer.json`. */
  toJSON(): object
}
