/** `train`: trains a classifier and saves it. */

import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { DataSources } from '../data-sources.ts'
import { AppError } from '../errors.ts'
import { numberAbove, oneOf, share, wholeNumber } from '../options.ts'
import { cellNames, corpusSettings, defaultSettings, type Settings } from '../settings.ts'
import { trainAndSave, type RunMetrics } from '../train-run.ts'
import { processOutput, type Output } from '../ui/output.ts'
import { duration, percent } from '../ui/style.ts'
import { table } from '../ui/table.ts'
import { readPlan, type TrainingPlan } from '../unfinished.ts'
import { backendOption, defaultModel, jsonOption } from './shared-options.ts'

interface TrainOptions extends Partial<Settings> {
  readonly data?: string
  readonly validation?: string
  readonly test?: string
  readonly backend?: string
  readonly out: string
  readonly resume?: boolean
  readonly restart?: boolean
  readonly baseline: boolean
  readonly json?: boolean
}

/** The command. */
export function trainCommand(): Command {
  return new Command('train')
    .description('train a classifier and save it')
    .addOption(new Option('--data <file>', 'TSV or CSV with the columns label and text (default: the embedded corpus)'))
    .addOption(
      new Option(
        '--validation <file or share>',
        'measured after each epoch (default: a tenth of the data if there is no --test)',
      ),
    )
    .addOption(new Option('--test <file>', 'measured at the end'))
    .addOption(new Option('--out <dir>', 'folder to save the model in').default(defaultModel))
    .addOption(backendOption().default(undefined, 'cpu'))
    .addOption(
      new Option('--cell <name>', `recurrent cell: ${cellNames.join(', ')}`).argParser(oneOf('--cell', cellNames)),
    )
    .addOption(new Option('--units <n>', 'units of the recurrent layer, each way').argParser(wholeNumber('--units', 1)))
    .addOption(new Option('--embedding <n>', "components of a word's vector").argParser(wholeNumber('--embedding', 1)))
    .addOption(new Option('--dropout <share>', 'dropped before the dense layer').argParser(share('--dropout')))
    .addOption(
      new Option('--embedding-dropout <share>', 'dropped from the word vectors').argParser(
        share('--embedding-dropout'),
      ),
    )
    .addOption(
      new Option('--min-frequency <n>', 'rarer words are unknown').argParser(wholeNumber('--min-frequency', 1)),
    )
    .addOption(new Option('--epochs <n>', 'times through the data').argParser(wholeNumber('--epochs', 1, 100_000)))
    .addOption(new Option('--batch-size <n>', 'texts in a step').argParser(wholeNumber('--batch-size', 1)))
    .addOption(
      new Option('--learning-rate <x>', 'at the start; falls along a cosine').argParser(
        numberAbove('--learning-rate', 0),
      ),
    )
    .addOption(new Option('--clip-norm <x>', 'longer gradients are shortened').argParser(numberAbove('--clip-norm', 0)))
    .addOption(new Option('--seed <n>', 'decides everything random').argParser(wholeNumber('--seed', 0)))
    .addOption(new Option('--resume', 'go on with the unfinished training in the folder'))
    .addOption(new Option('--restart', 'forget the unfinished training in the folder').conflicts('resume'))
    .addOption(new Option('--no-baseline', 'train no bag of words beside it'))
    .addOption(jsonOption())
    .action(train)
}

async function train(options: TrainOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const plan = options.resume === true ? await readPlan(options.out) : undefined
  const sources = sourcesOf(options, plan)
  const request = {
    sources,
    settings: settingsOf(options, sources, plan),
    backend: options.backend ?? plan?.backend ?? 'cpu',
    folder: options.out,
    resume: plan,
    restart: options.restart === true,
    baseline: options.baseline && (plan?.baseline ?? true),
    output,
  }
  await trainAndSave(request, async ({ metrics }) => {
    output.data(metrics)
    showResult(output, metrics)
  })
}

/** What was asked for now, else what the plan says. Paths are kept whole, so that going on works from any folder. */
function sourcesOf({ data, validation, test }: TrainOptions, plan: TrainingPlan | undefined): DataSources {
  const path = (given: string | undefined): string | null => (given === undefined ? null : resolve(given))
  return {
    data: path(data) ?? plan?.sources.data ?? null,
    validation: validationOf(validation) ?? plan?.sources.validation ?? null,
    test: path(test) ?? plan?.sources.test ?? null,
  }
}

/** A number is a share, anything else a file. */
function validationOf(text: string | undefined): string | number | undefined {
  if (text === undefined || text.trim() === '' || Number.isNaN(Number(text))) return text
  return share('--validation')(text)
}

/** The defaults with what was asked for; a training that is gone on with keeps its own. @throws E_RESUME for a setting that differs */
function settingsOf(options: TrainOptions, sources: DataSources, plan: TrainingPlan | undefined): Settings {
  const defaults = plan?.settings ?? (sources.data === null ? corpusSettings : defaultSettings)
  const settings: Record<string, unknown> = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof Settings)[]) {
    const given = options[name]
    if (given === undefined) continue
    if (plan !== undefined && given !== plan.settings[name]) {
      const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      throw new AppError(
        'E_RESUME',
        `${option} is ${given}, but the unfinished training in ${options.out} has ${plan.settings[name]}`,
        'leave it out, or begin again with --restart',
      )
    }
    settings[name] = given
  }
  return settings as unknown as Settings // the keys and types of `defaults`
}

function showResult(output: Output, metrics: RunMetrics): void {
  const { testAccuracy, validationAccuracy, baselineAccuracy, trainSeconds, folder } = metrics
  const accuracy = testAccuracy ?? validationAccuracy
  const where = testAccuracy === null ? 'validation' : 'test'
  if (accuracy !== null) {
    const rows = [[`${metrics.cell}, both ways`, percent(accuracy)]]
    if (baselineAccuracy !== null) rows.push(['bag of words', percent(baselineAccuracy)])
    output.text(table([{ name: '' }, { name: `${where} accuracy`, numeric: true }], rows))
  }
  output.text(`trained in ${duration(trainSeconds)}, saved in ${folder}`)
}
