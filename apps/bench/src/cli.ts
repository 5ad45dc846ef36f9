/** `pnpm bench`: this project and its peers on the same work, side by side. */

import { join, relative } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { runBench } from './bench.ts'
import { effortOf, quickEffort } from './effort.ts'
import { BenchError, describeError, describeFailure } from './errors.ts'
import { currentLoad, describeMachine } from './machine.ts'
import { jsonLine } from './report/json-lines.ts'
import { renderReport } from './report/tables.ts'
import { writeResults } from './report/write-results.ts'
import type { BenchResults } from './results.ts'
import { checkInstalled, describeMissing, findSubject, subjects } from './subjects/index.ts'
import { installPeers } from './subjects/install-peers.ts'
import type { Subject } from './subjects/subject.ts'
import { defaultWorkloads, findWorkload } from './workloads/index.ts'

interface Options {
  readonly only: readonly string[]
  readonly subjects?: readonly string[]
  readonly rounds: number
  readonly limit: number
  readonly quick?: boolean
  readonly json?: boolean
  readonly out: string
}

const say = (message: string): void => console.error(message)

function idList(value: string): string[] {
  const ids = value.split(',').map((id) => id.trim())
  if (ids.includes('')) throw new InvalidArgumentError('Name them with commas between: a,b.')
  return [...new Set(ids)]
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
  return Number(value)
}

/** The subjects that are named, their peers installed if need be; or all that are there. */
function chooseSubjects(named: readonly string[] | undefined): Subject[] {
  if (named === undefined) {
    return subjects.filter((subject) => {
      const missing = subject.missing()
      if (missing !== undefined) say(`${describeMissing(subject, missing)}: it is left out; to have it, ${missing.fix}`)
      return missing === undefined
    })
  }
  const chosen = named.map(findSubject)
  const peers = chosen.flatMap((subject) => subject.missing()?.peer ?? [])
  if (peers.length > 0) {
    say(`installing ${peers.join(', ')} into apps/bench/peers, once`)
    installPeers(peers)
  }
  chosen.forEach(checkInstalled)
  return chosen
}

async function bench(options: Options): Promise<void> {
  const workloads = options.only.map(findWorkload)
  const chosen = chooseSubjects(options.subjects)
  const loadBefore = currentLoad()
  const limitMs = options.limit * 1000
  const effort = options.quick ? quickEffort(limitMs) : effortOf(options.rounds, limitMs)
  const plan = { workloads, subjects: chosen, named: options.subjects !== undefined, effort }
  const found = await runBench(plan, say)
  const results: BenchResults = {
    date: new Date().toISOString(),
    command: [process.env['RNN_BENCH_COMMAND'] ?? 'pnpm bench', ...process.argv.slice(2)].join(' '),
    machine: describeMachine(),
    loadBefore,
    effort,
    ...found,
  }
  if (found.subjects.length > 0) {
    const written = writeResults(options.out, results)
    if (options.json) for (const each of results.subjects) console.log(jsonLine(each, results.bars))
    else console.log(`${renderReport(results)}\nwritten: ${written.map((path) => relative('', path)).join(', ')}`)
  }
  for (const failure of found.failures) console.error(`bench: ${describeFailure(failure)}`)
  if (found.failures.length > 0) process.exitCode = 1
}

// Subjects are in process groups of their own: an interrupt from the terminal doesn't reach them, but they end with this process.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

const program = new Command('bench')
  .description('Times this project and its peers on the same work, side by side.')
  .addOption(
    new Option('--only <ids>', 'workloads, with commas between')
      .argParser(idList)
      .default(defaultWorkloads, defaultWorkloads.join(',')),
  )
  .addOption(
    new Option('--subjects <ids>', `subjects, with commas between, of ${subjects.map(({ id }) => id).join(',')}`)
      .argParser(idList)
      .default(undefined, 'all that are installed'),
  )
  .option('--rounds <n>', 'rounds of timing', wholeNumber, 5)
  .option('--limit <seconds>', 'a subject that takes longer over an answer is ended', wholeNumber, 300)
  .addOption(
    new Option('--out <folder>', 'where results.json and chart.svg go').default(
      join(import.meta.dirname, '../bench-results'),
      'apps/bench/bench-results',
    ),
  )
  .option('--quick', 'run everything once, to see that it works; the timings mean nothing')
  .option('--json', 'print one JSON line for each workload and subject instead of tables')
  .action(bench)

try {
  await program.parseAsync()
} catch (error) {
  if (process.env['RNN_DEBUG'] !== undefined) console.error(error)
  console.error(`bench: ${describeError(error)}`)
  process.exitCode = error instanceof BenchError ? 1 : 70
}
