/** The command line: its commands. */

import { programOf } from 'app-kit/program'
import { demoCommand } from './commands/demo.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { trainCommand } from './commands/train.ts'
import { translateCommand } from './commands/translate.ts'
import { commandLine } from './ui/command-line.ts'

/** Runs the program and gives its exit code. */
export const run: (args: readonly string[]) => Promise<number> = programOf({
  name: 'translation',
  description: 'Encoder–decoders with attention: train, measure and use translators.',
  commands: [demoCommand, trainCommand, evaluateCommand, translateCommand],
  examples: [
    commandLine(
      'train',
      '--source',
      'train.de.gz',
      '--target',
      'train.en.gz',
      '--languages',
      'de-en',
      '--out',
      'models/de-en',
    ),
    commandLine('translate', '--model', 'models/de-en', '--attention', 'Ein Hund läuft durch den Schnee.'),
  ],
})
