/** The texts to classify: arguments, the lines of a file, or the lines of standard input. */

import { readLines, type Places } from '@rnn/data'
import { AppError } from './errors.ts'
import { readText } from './files.ts'

/** Texts, with their lines where they have some. */
export interface InputTexts extends Places {
  readonly texts: readonly string[]
}

/**
 * Takes the arguments if there are any, else the file, else standard input.
 *
 * @throws E_INPUT for no texts at all, an argument without words, or both arguments and a file, E_FILE, E_ENCODING for a binary file
 */
export async function inputTexts(args: readonly string[], file: string | undefined): Promise<InputTexts> {
  if (args.length > 0) {
    if (file !== undefined) throw new AppError('E_INPUT', 'texts as arguments and --file at once', 'give one of them')
    const empty = args.findIndex((text) => text.trim() === '')
    if (empty >= 0)
      throw new AppError('E_INPUT', `text ${empty + 1} has no words: ${JSON.stringify(args[empty])}`, 'leave it out')
    return { texts: args }
  }
  if (file !== undefined) return readLines(await readText(file, 'check the path'), { name: file })
  if (process.stdin.isTTY) {
    throw new AppError('E_INPUT', 'no texts', 'give them as arguments, by --file, or on standard input, one a line')
  }
  return readLines(await standardInput(), { name: 'standard input' })
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Buffer))
  return new TextDecoder().decode(Buffer.concat(chunks))
}
