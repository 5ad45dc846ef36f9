/** `pnpm example NAME`: runs one of the examples. */

import { backendNames, defaultBackend, describeBackend, withBackend } from 'app-kit/backends'
import { oneOf, wholeNumber } from 'app-kit/options'
import { runProcess } from 'app-kit/process'
import { programOf } from 'app-kit/program'
import { duration, percent } from 'app-kit/ui/style'
import { Command, Option } from 'commander'
import { addition } from './addition.ts'
import type { Example } from './example.ts'

const examples: Readonly<Record<string, readonly [example: Example, description: string]>> = {
  addition: [addition, 'digits in, digits out: an encoder–decoder learns to add'],
}

interface Options {
  readonly backend: string
  readonly seed: number
  readonly short?: boolean
}

function commandOf(name: string): Command {
  const [example, description] = examples[name]!
  return new Command(name)
    .description(description)
    .addOption(
      new Option('--backend <name>', `where to compute: ${backendNames.join(', ')}`)
        .default(defaultBackend)
        .argParser(oneOf('--backend', backendNames)),
    )
    .addOption(new Option('--seed <n>', 'decides everything random').default(0).argParser(wholeNumber('--seed', 0)))
    .addOption(new Option('--short', 'a run of seconds that shows that it learns'))
    .action(async ({ backend: backendName, seed, short = false }: Options) => {
      await withBackend(backendName, async (backend) => {
        const began = performance.now()
        const print = (line: string): void => void process.stdout.write(`${line}\n`)
        const { measure, result, baseline } = await example({ backend, seed, short, print })
        print(`${measure}: ${percent(result)}; baseline: ${percent(baseline)}`)
        print(`${duration((performance.now() - began) / 1000)} on ${describeBackend(backend)}`)
      })
    })
}

const run = programOf({
  name: 'example',
  description: 'The systems of the textbooks, a short program each.',
  commands: Object.keys(examples).map((name) => () => commandOf(name)),
  examples: ['npx -y pnpm@12 --silent example addition'],
})

await runProcess(run)
