/** What a tokeniser is. */

/**
 * Cuts a text into tokens. A plain object: `JSON.stringify` keeps its name and options (a function is not JSON), and
 * {@link tokenizerFromJSON} makes it again from those.
 */
export interface Tokenizer<Options extends object = object> {
  readonly name: string
  readonly options: Readonly<Options>
  /** The tokens of one text, in order; none for a text that holds only white space. */
  tokenize(text: string): string[]
}
