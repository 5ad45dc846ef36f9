/** Command lines for people to copy. */

import { commandLineOf } from 'app-kit/ui/command-line'

/** The program with these arguments. */
export const commandLine: (...args: readonly string[]) => string = commandLineOf('translation')
