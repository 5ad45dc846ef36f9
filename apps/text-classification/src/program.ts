/** The command line: its commands, and what becomes of an error. */

import { Command, CommanderError } from 'commander'
import { demoCommand } from './commands/demo.ts'
import { evaluateCommand } from './commands/evaluate.ts'
import { inspectCommand } from './commands/inspect.ts'
import { predictCommand } from './commands/predict.ts'
import { trainCommand } from './commands/train.ts'
import { AppError, describeError, oneLine, Stop } from './errors.ts'
import { commandLine } from './ui/command-line.ts'

const commands = [demoCommand, trainCommand, evaluateCommand, predictCommand, inspectCommand]

const examples = `
Examples, from the root of the repository:
  ${commandLine('train', '--data', 'reviews.tsv', '--out', 'models/reviews')}
  ${commandLine('predict', '--model', 'models/reviews', 'Not bad at all.')}`

/** Runs the program and gives its exit code: 0 for success, 1 for an error, 2 for a wrong command line, 130 after Ctrl-C. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command('text-classification').description(
    'Recurrent text classifiers: train, measure, use and look into them.',
  )
  for (const make of commands) program.addCommand(make())
  program.addHelpText('after', examples)
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: (text, write) => write(`${oneLine(text)}\n`) })
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === 'commander.help' ? 0 : 2
    if (error instanceof Stop) return error.exitCode
    process.stderr.write(`error: ${describeError(error)}\n`)
    if (process.env['RNN_DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    return error instanceof AppError && error.code === 'E_OPTION' ? 2 : 1
  }
}
