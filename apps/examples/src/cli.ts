/** `pnpm example NAME`: runs one of the examples. */

import { join } from 'node:path'
import { backendNames, defaultBackend, describeBackend, withBackend } from 'app-kit/backends'
import { ensureWritable, shownPath, writeTogether } from 'app-kit/files'
import { oneOf, path, wholeNumber } from 'app-kit/options'
import { drawSvg } from 'app-kit/picture'
import { runProcess } from 'app-kit/process'
import { programOf } from 'app-kit/program'
import { duration, percent } from 'app-kit/ui/style'
import { Command, Option } from 'commander'
import { beats, type Example } from './example.ts'
import { examples } from './examples.ts'

interface Options {
  readonly backend: string
  readonly seed: number
  readonly short?: boolean
  readonly data?: string
  readonly out: string
}

function commandOf(name: string, { description, data, options = {}, run }: Example): Command {
  const command = new Command(name)
    .description(description)
    .addOption(
      new Option('--backend <name>', `where to compute: ${backendNames.join(', ')}`)
        .default(defaultBackend)
        .argParser(oneOf('--backend', backendNames)),
    )
    .addOption(new Option('--seed <n>', 'decides everything random').default(0).argParser(wholeNumber('--seed', 0)))
    .addOption(new Option('--short', 'a run of seconds that shows that it learns'))
    .addOption(
      new Option('--out <folder>', 'where pictures go').default('pictures').argParser(path('--out', 'a folder')),
    )
  if (data !== undefined) command.addOption(new Option('--data <path>', data).argParser(path('--data', 'a path')))
  for (const [option, { description: what, choices }] of Object.entries(options)) {
    command.addOption(
      new Option(`--${option} <${option}>`, `${what}: ${choices.join(', ')}`)
        .default(choices[0])
        .argParser(oneOf(`--${option}`, choices)),
    )
  }
  return command.action(async ({ backend: backendName, seed, short = false, data: real, out, ...own }: Options) => {
    await withBackend(backendName, async (backend) => {
      const began = performance.now()
      const print = (line: string): void => void process.stdout.write(`${line}\n`)
      const found = await run({
        backend,
        seed,
        short,
        data: real,
        options: own as Readonly<Record<string, string>>,
        print,
        async picture(spec, what) {
          await ensureWritable(out)
          const file = what === undefined ? `${name}.svg` : `${name}-${what}.svg`
          await writeTogether(out, { [file]: await drawSvg(spec) })
          print(`picture: ${shownPath(join(out, file))}`)
        },
      })
      const show = (value: number): string =>
        found.shownAs === 'percent' ? percent(value) : String(Number(value.toPrecision(4)))
      const verdict = beats(found) ? '' : ' (which it does not beat)'
      print(`${found.measure}: ${show(found.result)}; baseline: ${show(found.baseline)}${verdict}`)
      print(`${duration((performance.now() - began) / 1000)} on ${describeBackend(backend)}`)
    })
  })
}

const run = programOf({
  name: 'example',
  description: 'The systems of the textbooks, a short program each.',
  commands: Object.entries(examples).map(
    ([name, example]) =>
      () =>
        commandOf(name, example),
  ),
  examples: ['npx -y pnpm@12 --silent example addition'],
})

await runProcess(run)
