/** `train`: trains a classifier and saves it. */

import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { DataSources } from '../data-sources.ts'
import { defaultBackend } from 'app-kit/backends'
import { AppError } from 'app-kit/errors'
import { numberAbove, oneOf, path, share, wholeNumber } from 'app-kit/options'
import { cellNames, corpusSettings, defaultSettings, type Settings } from '../settings.ts'
import { trainAndSave, type RunMetrics } from '../train-run.ts'
import { processOutput, type Output } from 'app-kit/ui/output'
import { duration, percent } from 'app-kit/ui/style'
import { table } from 'app-kit/ui/table'
import { readPlan, type TrainingPlan } from '../unfinished.ts'
import { backendOption, defaultModel, jsonOption, outOption } from './shared-options.ts'

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
    .addOption(
      new Option(
        '--data <file>',
        'TSV or CSV with the columns label and text (default: the embedded corpus)',
      ).argParser(path('--data', 'a file')),
    )
    .addOption(
      new Option(
        '--validation <file or share>',
        'measured after each epoch (default: a tenth of the data if there is no --test)',
      ).argParser(path('--validation', 'a file or a share')),
    )
    .addOption(new Option('--test <file>', 'measured at the end').argParser(path('--test', 'a file')))
    .addOption(outOption(defaultModel))
    .addOption(backendOption().default(undefined, defaultBackend))
    .addOption(setting('--cell <name>', 'cell', `recurrent cell: ${cellNames.join(', ')}`, oneOf('--cell', cellNames)))
    .addOption(setting('--units <n>', 'units', 'units of the recurrent layer, each way', wholeNumber('--units', 1)))
    .addOption(setting('--embedding <n>', 'embedding', "components of a word's vector", wholeNumber('--embedding', 1)))
    .addOption(setting('--dropout <share>', 'dropout', 'dropped before the dense layer', share('--dropout')))
    .addOption(
      setting(
        '--embedding-dropout <share>',
        'embeddingDropout',
        'dropped of word vectors',
        share('--embedding-dropout'),
      ),
    )
    .addOption(
      setting('--min-frequency <n>', 'minFrequency', 'rarer words are unknown', wholeNumber('--min-frequency', 1)),
    )
    .addOption(setting('--epochs <n>', 'epochs', 'times through the data', wholeNumber('--epochs', 1, 100_000)))
    .addOption(setting('--batch-size <n>', 'batchSize', 'texts in a step', wholeNumber('--batch-size', 1)))
    .addOption(
      setting(
        '--learning-rate <x>',
        'learningRate',
        'at first; falls along a cosine',
        numberAbove('--learning-rate', 0),
      ),
    )
    .addOption(setting('--clip-norm <x>', 'clipNorm', 'longer gradients are shortened', numberAbove('--clip-norm', 0)))
    .addOption(setting('--seed <n>', 'seed', 'decides everything random', wholeNumber('--seed', 0)))
    .addOption(new Option('--resume', 'go on with the unfinished training in the folder'))
    .addOption(new Option('--restart', 'forget the unfinished training in the folder').conflicts('resume'))
    .addOption(new Option('--no-baseline', 'train no bag of words beside it'))
    .addOption(jsonOption())
    .action(train)
}

/** An option for a setting, whose default depends on the data. */
function setting(flags: string, name: keyof Settings, description: string, parse: (text: string) => unknown): Option {
  const usual = defaultSettings[name]
  const corpus = corpusSettings[name]
  const defaults = usual === corpus ? usual : `${usual}; embedded corpus: ${corpus}`
  return new Option(flags, `${description} (default: ${defaults})`).argParser(parse)
}

async function train(options: TrainOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const plan = options.resume === true ? await readPlan(options.out) : undefined
  const sources = sourcesOf(options, plan)
  const request = {
    sources,
    settings: settingsOf(options, sources, plan),
    backend: options.backend ?? plan?.backend ?? defaultBackend,
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
  const whole = (given: string | undefined): string | null => (given === undefined ? null : resolve(given))
  return {
    data: whole(data) ?? plan?.sources.data ?? null,
    validation: validationOf(validation) ?? plan?.sources.validation ?? null,
    test: whole(test) ?? plan?.sources.test ?? null,
  }
}

/** A number is a share, anything else a file. */
function validationOf(text: string | undefined): string | number | undefined {
  if (text === undefined || Number.isNaN(Number(text))) return text === undefined ? undefined : resolve(text)
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
