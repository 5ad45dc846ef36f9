/** `train`: trains a translator and saves it. */

import { defaultBackend } from 'app-kit/backends'
import { AppError } from 'app-kit/errors'
import { numberAbove, oneOf, path, share, wholeNumber } from 'app-kit/options'
import { processOutput, type Output } from 'app-kit/ui/output'
import { duration } from 'app-kit/ui/style'
import { Command, Option } from 'commander'
import type { DataSources } from '../data-sources.ts'
import { languagesOf, type Languages } from '../languages.ts'
import {
  attentionNames,
  cellNames,
  presetNames,
  presets,
  tokenNames,
  type PresetName,
  type Settings,
} from '../settings.ts'
import { trainAndSave, type RunMetrics } from '../train-run.ts'
import { readPlan, type TrainingPlan } from '../unfinished.ts'
import { pairFiles } from './pair-files.ts'
import {
  backendOption,
  defaultModel,
  jsonOption,
  languagesOption,
  outOption,
  type PairOptions,
} from './shared-options.ts'

interface TrainOptions extends Partial<Settings>, PairOptions {
  readonly validation?: number
  readonly validationSource?: string
  readonly validationTarget?: string
  readonly validationData?: string
  readonly preset?: PresetName
  readonly languages?: Languages
  readonly backend?: string
  readonly out: string
  readonly resume?: boolean
  readonly restart?: boolean
  readonly json?: boolean
}

/** The command. */
export function trainCommand(): Command {
  const file = (flags: string, name: string, description: string): Option =>
    new Option(flags, description).argParser(path(name, 'a file'))
  return new Command('train')
    .description('train a translator and save it')
    .addOption(file('--source <file>', '--source', 'sentences, one a line, plain or .gz'))
    .addOption(file('--target <file>', '--target', 'their translations, line by line'))
    .addOption(file('--data <file>', '--data', 'in place of these, a TSV or CSV with the columns source and target'))
    .addOption(
      new Option(
        '--validation <share>',
        'held out, measured after each epoch (default: 0.05, 2000 pairs at most)',
      ).argParser(share('--validation')),
    )
    .addOption(file('--validation-source <file>', '--validation-source', 'measured after each epoch'))
    .addOption(file('--validation-target <file>', '--validation-target', 'their translations'))
    .addOption(file('--validation-data <file>', '--validation-data', 'in place of these, a table'))
    .addOption(
      new Option('--preset <name>', `settings to start from: ${presetNames.join(', ')}`).argParser(
        oneOf('--preset', presetNames),
      ),
    )
    .addOption(languagesOption('what is translated into what, such as de-en'))
    .addOption(outOption(defaultModel))
    .addOption(backendOption().default(undefined, defaultBackend))
    .addOption(setting('--cell <name>', `recurrent cell: ${cellNames.join(', ')}`, oneOf('--cell', cellNames)))
    .addOption(
      setting(
        '--attention <name>',
        `how the decoder looks: ${attentionNames.join(', ')}`,
        oneOf('--attention', attentionNames),
      ),
    )
    .addOption(
      setting('--tokens <kind>', `what texts are cut into: ${tokenNames.join(', ')}`, oneOf('--tokens', tokenNames)),
    )
    .addOption(setting('--vocabulary <n>', 'tokens of each language at most', wholeNumber('--vocabulary', 5)))
    .addOption(setting('--min-frequency <n>', 'rarer tokens are unknown', wholeNumber('--min-frequency', 1)))
    .addOption(new Option('--lower-case', 'make no difference between capitals and small letters'))
    .addOption(setting('--embedding <n>', "components of a token's vector", wholeNumber('--embedding', 1)))
    .addOption(setting('--units <n>', 'units of the recurrent layers', wholeNumber('--units', 1)))
    .addOption(setting('--layers <n>', 'recurrent layers on either side', wholeNumber('--layers', 1, 16)))
    .addOption(setting('--dropout <share>', 'dropped while training', share('--dropout')))
    .addOption(setting('--max-length <n>', 'longer pairs, in tokens, are left out', wholeNumber('--max-length', 1)))
    .addOption(setting('--epochs <n>', 'times through the data', wholeNumber('--epochs', 1, 100_000)))
    .addOption(setting('--batch-size <n>', 'pairs in a step', wholeNumber('--batch-size', 1)))
    .addOption(setting('--learning-rate <x>', 'at first; falls along a cosine', numberAbove('--learning-rate', 0)))
    .addOption(setting('--clip-norm <x>', 'longer gradients are shortened', numberAbove('--clip-norm', 0)))
    .addOption(
      setting('--teacher-forcing <share>', "of the teacher's words, at first", numberFrom0To1('--teacher-forcing')),
    )
    .addOption(
      setting(
        '--teacher-forcing-end <share>',
        'and at the end (scheduled sampling)',
        numberFrom0To1('--teacher-forcing-end'),
      ),
    )
    .addOption(setting('--label-smoothing <share>', 'spread over all words', share('--label-smoothing')))
    .addOption(setting('--seed <n>', 'decides everything random', wholeNumber('--seed', 0)))
    .addOption(new Option('--resume', 'go on with the unfinished training in the folder'))
    .addOption(new Option('--restart', 'forget the unfinished training in the folder').conflicts('resume'))
    .addOption(jsonOption())
    .action(train)
}

/** An option for a setting, whose default is the preset's. */
function setting(flags: string, description: string, parse: (text: string) => unknown): Option {
  return new Option(flags, description).argParser(parse)
}

function numberFrom0To1(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && value >= 0 && value <= 1) return value
    throw new AppError('E_OPTION', `${option} is "${text}", expected a number from 0 to 1`)
  }
}

async function train(options: TrainOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const plan = options.resume === true ? await readPlan(options.out) : undefined
  const sources = sourcesOf(options, plan)
  const request = {
    sources,
    settings: settingsOf(options, sources, plan),
    languages: options.languages ?? languagesOf(plan?.direction) ?? defaultLanguages(sources),
    backend: options.backend ?? plan?.backend ?? defaultBackend,
    folder: options.out,
    resume: plan,
    restart: options.restart === true,
    output,
  }
  await trainAndSave(request, async ({ metrics }) => {
    output.data(metrics)
    showResult(output, metrics)
  })
}

function defaultLanguages({ train: files }: DataSources): Languages {
  return files === null ? { source: 'en', target: 'fr' } : { source: 'source', target: 'target' }
}

/** What was asked for now, else what the plan says. */
function sourcesOf(options: TrainOptions, plan: TrainingPlan | undefined): DataSources {
  const { source, target, data: table, validation: part, validationSource, validationTarget, validationData } = options
  const given = pairFiles({ source, target, table }, { source: '--source', target: '--target', table: '--data' })
  const measured = pairFiles(
    { source: validationSource, target: validationTarget, table: validationData },
    { source: '--validation-source', target: '--validation-target', table: '--validation-data' },
  )
  if (measured !== undefined && part !== undefined) {
    throw new AppError('E_OPTION', '--validation and files to validate by at once', 'give one or the other')
  }
  return {
    train: given ?? plan?.sources.train ?? null,
    validation: measured ?? part ?? plan?.sources.validation ?? null,
  }
}

/** The preset with what was asked for; a training that is gone on with keeps its own. @throws E_RESUME for a setting that differs */
function settingsOf(options: TrainOptions, sources: DataSources, plan: TrainingPlan | undefined): Settings {
  const preset = presets[options.preset ?? (sources.train === null ? 'embedded' : 'standard')]
  const defaults: Settings = plan?.settings ?? preset
  const settings: Record<string, unknown> = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof Settings)[]) {
    const given = options[name]
    if (given === undefined) continue
    if (plan !== undefined && given !== plan.settings[name]) {
      const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      throw new AppError(
        'E_RESUME',
        `${option} is ${String(given)}, but the unfinished training in ${options.out} has ${String(plan.settings[name])}`,
        'leave it out, or begin again with --restart',
      )
    }
    settings[name] = given
  }
  // The share of the teacher's words stays what it is unless an end is given.
  if (options.teacherForcing !== undefined && options.teacherForcingEnd === undefined && plan === undefined) {
    settings['teacherForcingEnd'] = options.teacherForcing
  }
  return settings as unknown as Settings // the keys and types of `defaults`
}

function showResult(output: Output, metrics: RunMetrics): void {
  const { validationPerplexity, trainSeconds, tokensPerSecond, folder } = metrics
  if (validationPerplexity !== null) output.text(`validation perplexity ${validationPerplexity.toFixed(2)}`)
  output.text(
    `trained in ${duration(trainSeconds)} (${tokensPerSecond.toLocaleString('en')} tokens/s), saved in ${folder}`,
  )
}
