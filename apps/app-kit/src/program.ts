/** The command line: its commands, and what becomes of an error. */

import { Command, CommanderError } from 'commander'
import { AppError, describeError, oneLine, Stop } from './errors.ts'

/** A program of several commands. */
export interface ProgramDescription {
  readonly name: string
  readonly description: string
  readonly commands: readonly (() => Command)[]
  /** Command lines shown after the help. */
  readonly examples: readonly string[]
}

/** Makes a program: a function of its arguments that gives its exit code: 0 for success, 1 for an error, 2 for a wrong command line, 130 after Ctrl-C. */
export function programOf(described: ProgramDescription): (args: readonly string[]) => Promise<number> {
  return async (args) => {
    const program = new Command(described.name).description(described.description)
    for (const make of described.commands) program.addCommand(make())
    program.addHelpText(
      'after',
      ['', 'Examples, from the root of the repository:', ...described.examples.map((line) => `  ${line}`)].join('\n'),
    )
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
}
