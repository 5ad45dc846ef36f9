/** Options that several commands take. */

import { backendNames, defaultBackend } from 'app-kit/backends'
import { numberAbove, oneOf, path, wholeNumber } from 'app-kit/options'
import { Option, type Command } from 'commander'
import { parseLanguages, type Languages } from '../languages.ts'

/** Where models are saved, and looked for, unless something else is said. */
export const defaultModel = 'models/translation'

/** What {@link modelOptions} and {@link decodingOptions} give. */
export interface ModelOptions {
  readonly model: string
  readonly backend: string
  readonly languages?: Languages
  readonly json?: boolean
  readonly beam: number
  readonly lengthPenalty: number
  readonly maxOutput: number
}

/** `--model`, `--backend` and `--languages`, for commands that use a saved model. */
export function modelOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--model <dir>', 'folder of the saved model')
        .default(defaultModel)
        .argParser(path('--model', 'a folder')),
    )
    .addOption(languagesOption('the direction that the model must have'))
    .addOption(backendOption())
}

/** How to search for a translation. */
export function decodingOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--beam <n>', 'hypotheses kept at each step; 1 takes the likeliest token each time')
        .default(4)
        .argParser(wholeNumber('--beam', 1, 100)),
    )
    .addOption(
      new Option('--length-penalty <x>', 'how much length counts for a hypothesis (Wu et al. 2016); 0: not at all')
        .default(1)
        .argParser(numberAbove('--length-penalty', -1)),
    )
    .addOption(
      new Option('--max-output <n>', 'tokens of a translation at most')
        .default(100)
        .argParser(wholeNumber('--max-output', 1, 10_000)),
    )
}

/** `--backend`. */
export function backendOption(): Option {
  return new Option('--backend <name>', `where to compute: ${backendNames.join(', ')}`)
    .default(defaultBackend)
    .argParser(oneOf('--backend', backendNames))
}

/** `--languages`. */
export function languagesOption(description: string): Option {
  return new Option('--languages <from-to>', description).argParser(parseLanguages('--languages'))
}

/** `--out`. */
export function outOption(usual: string): Option {
  return new Option('--out <dir>', 'folder to save the model in').default(usual).argParser(path('--out', 'a folder'))
}

/** `--json`. */
export function jsonOption(): Option {
  return new Option('--json', 'write JSON lines, and nothing else, to standard output')
}

/** Options that name pairs of sentences: two files, or a table. */
export interface PairOptions {
  readonly source?: string
  readonly target?: string
  readonly data?: string
}
