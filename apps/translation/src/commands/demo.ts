/** `demo`: trains on the embedded pair, and shows what attention is for. */

import { join } from 'node:path'
import { wholeNumber } from 'app-kit/options'
import { processOutput, type Output } from 'app-kit/ui/output'
import { duration, heading, paint, percent } from 'app-kit/ui/style'
import { Command, Option } from 'commander'
import { embedded } from '../data-sources.ts'
import { scoreOn } from '../scores.ts'
import { presets } from '../settings.ts'
import { trainAndSave, type RunRequest, type TrainedRun } from '../train-run.ts'
import { translate } from '../translate.ts'
import { alignmentTable } from '../ui/alignment.ts'
import { commandLine } from '../ui/command-line.ts'
import { readPlan } from '../unfinished.ts'
import { scoreTable } from './evaluate.ts'
import { backendOption, jsonOption, outOption } from './shared-options.ts'
import { savePicture } from './translate.ts'

/** Sentences of which each asks for something of French; none of them is in the corpus. */
export const demoSentences: readonly string[] = [
  "my sister's small black cat never sleeps in the garden.",
  'the old queen and her friends did not buy any expensive apples yesterday.',
  'will this beautiful bird find our twenty-one keys tomorrow?',
  'the heroes no longer listen to the happy elephant.',
  'his aunt is seventy-one years old.',
]

interface DemoOptions {
  readonly backend: string
  readonly out: string
  readonly seed: number
  readonly json?: boolean
}

/** The command. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('train on the embedded English–French pair, and show what attention does')
    .addOption(outOption('models/translation-demo'))
    .addOption(new Option('--seed <n>', 'decides everything random').default(0).argParser(wholeNumber('--seed', 0)))
    .addOption(backendOption())
    .addOption(jsonOption())
    .action(demo)
}

async function demo({ backend, out, seed, json }: DemoOptions): Promise<void> {
  const output = processOutput(json === true)
  output.text(paint('bold', 'Learning to translate'))
  output.text('English sentences and their French translations, made from one grammar.')
  output.text('The test sentences have combinations of words that no training sentence has.')
  output.text()
  const request: RunRequest = {
    sources: { train: null, validation: null },
    settings: { ...presets.embedded, seed },
    languages: { source: 'en', target: 'fr' },
    backend,
    folder: out,
    resume: undefined,
    restart: await isOwn(out),
    output,
  }
  await trainAndSave(request, (run) => show(output, out, run))
}

/** Whether an unfinished training in the folder is one of the embedded pair, which a new demo may forget. */
async function isOwn(folder: string): Promise<boolean> {
  return readPlan(folder).then(
    ({ sources }) => sources.train === null,
    () => false,
  )
}

async function show(output: Output, out: string, { translator, metrics }: TrainedRun): Promise<void> {
  const search = { beam: 4, lengthPenalty: 1, maxOutput: 60, nBest: 1, attention: false }
  const { test } = embedded()
  const { scores } = await scoreOn(translator, test, search)
  const found = await translate(translator, demoSentences, { ...search, attention: true })
  const picture = join(out, 'attention.svg')
  const first = found[0]?.[0]?.alignment
  if (first !== undefined) await savePicture(picture, first)
  output.data({
    ...metrics,
    ...scores,
    translations: demoSentences.map((source, i) => ({ source, translation: found[i]?.[0]?.text })),
    picture,
  })
  output.text(
    heading(
      `${scores.sentences.toLocaleString('en')} unseen combinations: ${percent(scores.exactMatch)} exactly right`,
    ),
  )
  output.text(scoreTable(scores))
  output.text(heading('what each word looked at'))
  demoSentences.forEach((source, i) => {
    const best = found[i]?.[0]
    output.text()
    output.text(`${paint('dim', source)}`)
    output.text(paint('bold', best?.text ?? ''))
    if (best?.alignment !== undefined) for (const line of alignmentTable(best.alignment)) output.text(line)
  })
  output.text()
  output.text(`the first as a picture: ${picture}`)
  output.text(
    `trained in ${duration(metrics.trainSeconds)} (${metrics.tokensPerSecond.toLocaleString('en')} tokens/s); try it:`,
  )
  output.text(`  ${commandLine('translate', '--model', out, '--attention', 'the small girl reads a story.')}`)
}
