/** What decides a training, beside its data: saved with the model and compared when a training is gone on with. */

import { AppError } from 'app-kit/errors'

/** The recurrent cells to choose from. */
export const cellNames = ['lstm', 'gru', 'simple'] as const

/** The name of a recurrent cell. */
export type CellName = (typeof cellNames)[number]

/** The settings of a training. */
export interface Settings {
  readonly cell: CellName
  /** Components of a word's vector. */
  readonly embedding: number
  /** Units of the recurrent layer, in each direction. */
  readonly units: number
  /** The share of components that dropout drops: of the word vectors, and of what the dense layer sees. */
  readonly embeddingDropout: number
  readonly dropout: number
  /** Words seen less often are unknown words. */
  readonly minFrequency: number
  readonly epochs: number
  readonly batchSize: number
  /** Where the learning rate starts; it falls to nothing along half a cosine. */
  readonly learningRate: number
  /** Gradients longer than this are shortened to it. */
  readonly clipNorm: number
  readonly seed: number
}

/** The defaults of `train`. */
export const defaultSettings: Settings = {
  cell: 'lstm',
  embedding: 100,
  units: 128,
  embeddingDropout: 0.3,
  dropout: 0.5,
  minFrequency: 2,
  epochs: 12,
  batchSize: 32,
  learningRate: 1e-3,
  clipNorm: 5,
  seed: 0,
}

/** The settings in a saved JSON. @throws E_MODEL_FOLDER if one is missing or of another type */
export function settingsFromJSON(json: unknown, file: string): Settings {
  const given = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  for (const [name, value] of Object.entries(defaultSettings)) {
    if (typeof given[name] === typeof value && !Number.isNaN(given[name])) continue
    throw new AppError(
      'E_MODEL_FOLDER',
      `${file}: the setting "${name}" is ${JSON.stringify(given[name]) ?? 'missing'}`,
    )
  }
  if (!cellNames.some((name) => name === given['cell'])) {
    throw new AppError('E_MODEL_FOLDER', `${file}: unknown cell ${JSON.stringify(given['cell'])}`)
  }
  return given as unknown as Settings // each setting was checked
}

/** The defaults of `train` and `demo` on the embedded corpus, whose few words need a smaller network. */
export const corpusSettings: Settings = {
  ...defaultSettings,
  embedding: 32,
  units: 48,
  embeddingDropout: 0.1,
  dropout: 0.3,
  minFrequency: 1,
  epochs: 6,
  learningRate: 3e-3,
}
