/** What decides a training, beside its data: saved with the model and compared when a training is gone on with. */

import { AppError } from 'app-kit/errors'

/** The recurrent cells to choose from. */
export const cellNames = ['gru', 'lstm', 'simple'] as const

/** How the decoder looks at the source. */
export const attentionNames = ['additive', 'dot', 'general', 'concat', 'multi-head', 'none'] as const

/** What texts are cut into. */
export const tokenNames = ['words', 'subwords', 'characters'] as const

/** The settings of a training. */
export interface Settings {
  readonly cell: (typeof cellNames)[number]
  readonly attention: (typeof attentionNames)[number]
  readonly tokens: (typeof tokenNames)[number]
  /** At most this many ids on each side. */
  readonly vocabulary: number
  /** Words and characters seen less often are unknown. */
  readonly minFrequency: number
  readonly lowerCase: boolean
  /** Components of a token's vector. */
  readonly embedding: number
  /** Units of the encoder in each direction, and of the decoder. */
  readonly units: number
  /** Recurrent layers on either side. */
  readonly layers: number
  /** The share that dropout drops of the vectors, and of what the vocabulary is predicted from. */
  readonly dropout: number
  /** Pairs with more tokens on a side are left out of training. */
  readonly maxLength: number
  readonly epochs: number
  readonly batchSize: number
  /** Where the learning rate starts; it falls to nothing along half a cosine. */
  readonly learningRate: number
  /** Gradients longer than this are shortened to it. */
  readonly clipNorm: number
  /** The share of the teacher's words that the decoder is fed: at the first step, and at the last. */
  readonly teacherForcing: number
  readonly teacherForcingEnd: number
  /** The share of probability that the loss spreads over all words. */
  readonly labelSmoothing: number
  readonly seed: number
}

/** Settings by the name that `--preset` takes. */
export const presets = {
  /** What `train` takes for files unless told otherwise: subwords, so that no word is unknown. */
  standard: {
    cell: 'gru',
    attention: 'additive',
    tokens: 'subwords',
    vocabulary: 8000,
    minFrequency: 2,
    lowerCase: false,
    embedding: 256,
    units: 256,
    layers: 1,
    dropout: 0.4,
    maxLength: 80,
    epochs: 10,
    batchSize: 64,
    learningRate: 1e-3,
    clipNorm: 1,
    teacherForcing: 1,
    teacherForcingEnd: 1,
    labelSmoothing: 0,
    seed: 0,
  },
  /** Multi30k (29,000 captions): whole words seen twice, lower case. */
  'multi30k-small': {
    cell: 'gru',
    attention: 'additive',
    tokens: 'words',
    vocabulary: 20_000,
    minFrequency: 2,
    lowerCase: true,
    embedding: 256,
    units: 256,
    layers: 1,
    dropout: 0.5,
    maxLength: 50,
    epochs: 10,
    batchSize: 128,
    learningRate: 2e-3,
    clipNorm: 1,
    teacherForcing: 1,
    teacherForcingEnd: 1,
    labelSmoothing: 0,
    seed: 0,
  },
  /** The embedded pair, whose grammar is small and whose sentences are short. */
  embedded: {
    cell: 'gru',
    attention: 'additive',
    tokens: 'subwords',
    vocabulary: 1200,
    minFrequency: 2,
    lowerCase: false,
    embedding: 64,
    units: 96,
    layers: 1,
    dropout: 0.1,
    maxLength: 40,
    epochs: 8,
    batchSize: 64,
    learningRate: 5e-3,
    clipNorm: 1,
    teacherForcing: 1,
    teacherForcingEnd: 1,
    labelSmoothing: 0,
    seed: 0,
  },
} as const satisfies Readonly<Record<string, Settings>>

/** The name of a preset. */
export type PresetName = keyof typeof presets

/** Their names. */
export const presetNames = Object.keys(presets) as readonly PresetName[]

const choices: Readonly<Record<string, readonly string[]>> = {
  cell: cellNames,
  attention: attentionNames,
  tokens: tokenNames,
}

/** The settings in a saved JSON. @throws E_MODEL_FOLDER if one is missing or of another type */
export function settingsFromJSON(json: unknown, file: string): Settings {
  const given = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  for (const [name, value] of Object.entries(presets.standard)) {
    const found = given[name]
    const known = choices[name]?.includes(String(found)) ?? true
    if (typeof found === typeof value && !Number.isNaN(found) && known) continue
    const problem = `${file}: the setting "${name}" is ${JSON.stringify(found) ?? 'missing'}`
    throw new AppError('E_MODEL_FOLDER', known ? problem : `${problem}, known: ${choices[name]!.join(', ')}`)
  }
  return given as unknown as Settings // each setting was checked
}
