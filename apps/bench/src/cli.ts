/** `pnpm bench`: this project and its peers on the same work, side by side. */

import { join, relative } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { effortOf, QUICK, runBench } from './bench.ts'
import { BenchError, describeError } from './errors.ts'
import { currentLoad, describeMachine } from './machine.ts'
import { jsonLine } from './report/json-lines.ts'
import { renderReport } from './report/tables.ts'
import { writeResults } from './report/write-results.ts'
import type { BenchResults } from './results.ts'
import { checkInstalled, findSubject, subjects } from './subjects/index.ts'
import { defaultWorkloads, findWorkload } from './workloads/index.ts'

interface Options {
  readonly only: readonly string[]
  readonly subjects: readonly string[]
  readonly rounds: number
  readonly quick?: boolean
  readonly json?: boolean
  readonly out: string
}

function idList(value: string): string[] {
  const ids = value.split(',').map((id) => id.trim())
  if (ids.includes('')) throw new InvalidArgumentError('Name them with commas between: a,b.')
  return [...new Set(ids)]
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new InvalidArgumentError('It is a whole number from 1 to 9999.')
  return Number(value)
}

async function bench(options: Options): Promise<void> {
  const workloads = options.only.map(findWorkload)
  const chosen = options.subjects.map(findSubject)
  chosen.forEach(checkInstalled)
  const loadBefore = currentLoad()
  const effort = options.quick ? QUICK : effortOf(options.rounds)
  const found = await runBench(workloads, chosen, effort, (message) => console.error(message))
  const results: BenchResults = {
    date: new Date().toISOString(),
    command: ['pnpm bench', ...process.argv.slice(2)].join(' '),
    machine: describeMachine(),
    loadBefore,
    effort,
    ...found,
  }
  const written = writeResults(options.out, results)
  if (options.json) for (const each of results.subjects) console.log(jsonLine(each, results.bars))
  else console.log(`${renderReport(results)}\nwritten: ${written.map((path) => relative('', path)).join(', ')}`)
}

const allSubjects = subjects.map((each) => each.id)
const program = new Command('bench')
  .description('Times this project and its peers on the same work, side by side.')
  .addOption(
    new Option('--only <ids>', 'workloads, with commas between')
      .argParser(idList)
      .default(defaultWorkloads, defaultWorkloads.join(',')),
  )
  .addOption(
    new Option('--subjects <ids>', 'subjects, with commas between')
      .argParser(idList)
      .default(allSubjects, allSubjects.join(',')),
  )
  .option('--rounds <n>', 'rounds of timing', wholeNumber, 5)
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
