/** Options that several commands take. */

import { Option, type Command } from 'commander'
import { backendNames, defaultBackend } from 'app-kit/backends'
import { oneOf, path } from 'app-kit/options'

/** Where models are saved, and looked for, unless something else is said. */
export const defaultModel = 'models/text-classification'

/** What {@link modelOptions} gives. */
export interface ModelOptions {
  readonly model: string
  readonly backend: string
  readonly json?: boolean
}

/** `--model` and `--backend`, for commands that use a saved model. */
export function modelOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--model <dir>', 'folder of the saved model')
        .default(defaultModel)
        .argParser(path('--model', 'a folder')),
    )
    .addOption(backendOption())
}

/** `--backend`. */
export function backendOption(): Option {
  return new Option('--backend <name>', `where to compute: ${backendNames.join(', ')}`)
    .default(defaultBackend)
    .argParser(oneOf('--backend', backendNames))
}

/** `--out`. */
export function outOption(usual: string): Option {
  return new Option('--out <dir>', 'folder to save the model in').default(usual).argParser(path('--out', 'a folder'))
}

/** `--json`. */
export function jsonOption(): Option {
  return new Option('--json', 'write JSON lines, and nothing else, to standard output')
}

/** `--file`. */
export function fileOption(): Option {
  return new Option('--file <path>', 'file of texts, one a line').argParser(path('--file', 'a file'))
}
