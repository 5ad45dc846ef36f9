/** A program as a process: its exit code, and an end of output that is no error. */

import { systemProblem } from './errors.ts'

/** Runs a program with the arguments of this process, and leaves its exit code to the process. */
export async function runProcess(program: (args: readonly string[]) => Promise<number>): Promise<void> {
  // A reader that has seen enough (`| head`) closes the pipe, and a terminal may be closed: no reason to complain, nor to give up a training.
  let unwritten: Error | undefined
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') unwritten ??= error
  })
  process.stderr.on('error', () => {})
  process.on('exit', () => {
    if (unwritten === undefined) return
    process.stderr.write(`error: can't write to standard output: ${systemProblem(unwritten)}\n`)
    process.exitCode ||= 1
  })
  process.exitCode = await program(process.argv.slice(2))
}
