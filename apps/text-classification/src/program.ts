/** The command line: its commands. */

import { programOf } from 'app-kit/program'
import { demoCommand } from './commands/demo.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { inspectCommand } from './commands/inspect.ts'
import { predictCommand } from './commands/predict.ts'
import { trainCommand } from './commands/train.ts'
import { commandLine } from './ui/command-line.ts'

/** Runs the program and gives its exit code. */
export const run: (args: readonly string[]) => Promise<number> = programOf({
  name: 'text-classification',
  description: 'Recurrent text classifiers: train, measure, use and look into them.',
  commands: [demoCommand, trainCommand, evaluateCommand, predictCommand, inspectCommand],
  examples: [
    commandLine('train', '--data', 'reviews.tsv', '--out', 'models/reviews'),
    commandLine('predict', '--model', 'models/reviews', 'Not bad at all.'),
  ],
})
