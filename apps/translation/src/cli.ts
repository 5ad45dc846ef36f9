/** The entry of the command line. */

import { runProcess } from 'app-kit/process'
import { run } from './program.ts'

await runProcess(run)
