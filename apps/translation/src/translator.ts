/** A trained network with its codecs and languages. */

import type { EncoderDecoder } from '@rnn/layers'
import type { Codecs } from './codecs.ts'
import type { Languages } from './languages.ts'
import type { Settings } from './settings.ts'

/** Everything that a saved model holds. */
export interface Translator {
  readonly settings: Settings
  readonly languages: Languages
  readonly codecs: Codecs
  /** On a backend. */
  readonly model: EncoderDecoder
}
