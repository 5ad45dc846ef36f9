/** `demo`: trains on the embedded corpus, and shows what recurrence is for. */

import { Command, Option } from 'commander'
import { attribute, type Attribution } from '../attribution.ts'
import { classify, type Classifier } from '../classifier.ts'
import type { Examples } from '../examples.ts'
import { wholeNumber } from 'app-kit/options'
import { corpusSettings } from '../settings.ts'
import { trainAndSave, type RunMetrics } from '../train-run.ts'
import { processOutput, type Output } from 'app-kit/ui/output'
import { commandLine } from '../ui/command-line.ts'
import { duration, heading, paint, percent } from 'app-kit/ui/style'
import { table } from 'app-kit/ui/table'
import { highlighted, strongest } from '../ui/words.ts'
import { outputColumns, wrap } from 'app-kit/ui/wrap'
import { readPlan } from '../unfinished.ts'
import { backendOption, jsonOption, outOption } from './shared-options.ts'

/** Pairs of the same words, none of them in the corpus. */
export const demoPairs: readonly (readonly [string, string])[] = [
  [
    'Honestly, the film was dull at first, but brilliant in the end.',
    'Honestly, the film was brilliant at first, but dull in the end.',
  ],
  ['Noisy? Hardly. Well, this café was lovely.', 'Lovely? Hardly. Well, this café was noisy.'],
  ['Well, this phone is a lot better than my old one.', 'Well, my old phone is a lot better than this one.'],
  [
    'The room was not cramped and the breakfast was generous. We came by train.',
    'The room was cramped and the breakfast was not generous. We came by train.',
  ],
  [
    "I can't say the plot was not clever, and the style was not wordy. It has three parts.",
    "I can't say the style was not wordy, and the plot was not clever. It has three parts.",
  ],
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
    .description('train on the embedded corpus, and show what word order does')
    .addOption(outOption('models/demo'))
    .addOption(new Option('--seed <n>', 'decides everything random').default(0).argParser(wholeNumber('--seed', 0)))
    .addOption(backendOption())
    .addOption(jsonOption())
    .action(demo)
}

async function demo({ backend, out, seed, json }: DemoOptions): Promise<void> {
  const output = processOutput(json === true)
  output.text(paint('bold', 'What is recurrence for?'))
  output.text('Short reviews in pairs: the same words, the opposite verdict.')
  output.text('Only their order tells them apart.')
  output.text()
  const request = {
    sources: { data: null, validation: null, test: null },
    settings: { ...corpusSettings, seed },
    backend,
    folder: out,
    resume: undefined,
    restart: await isOwn(out),
    baseline: true,
    output,
  }
  await trainAndSave(request, async ({ classifier, data, metrics }) => {
    const pairs: Attribution[] = []
    for (const text of demoPairs.flat()) pairs.push(await attribute(classifier, text))
    output.data({ ...metrics, predictions: pairs })
    showAccuracy(output, metrics)
    if (data.test !== undefined) await showConstructions(output, classifier, data.test)
    showPairs(output, pairs)
    output.text(heading('your turn'))
    output.text(`  The model is saved in ${out}. ${duration(metrics.trainSeconds)} of training made it.`)
    for (const command of ['predict', 'inspect']) {
      output.text(`  ${commandLine(command, '--model', out, 'Not bad at all, this hotel.')}`)
    }
  })
}

/** Whether an unfinished training in the folder is one of the embedded corpus, which a new demo may forget. */
async function isOwn(folder: string): Promise<boolean> {
  return readPlan(folder).then(
    ({ sources }) => sources.data === null,
    () => false,
  )
}

function showAccuracy(output: Output, { testAccuracy, baselineAccuracy, testTexts }: RunMetrics): void {
  output.text(heading(`accuracy on ${testTexts.toLocaleString('en')} reviews that neither has seen`))
  const bar = (share: number): string => '█'.repeat(Math.round(30 * share)).padEnd(30, '░')
  const line = (name: string, share: number | null): void => {
    if (share !== null) output.text(`  ${name.padEnd(14)} ${bar(share)} ${paint('bold', percent(share))}`)
  }
  line('LSTM', testAccuracy)
  line('bag of words', baselineAccuracy)
}

/** How often the network is right about each way to praise and condemn, with an example of each. */
async function showConstructions(output: Output, classifier: Classifier, test: Examples): Promise<void> {
  const predictions = await classify(classifier, test.texts, test)
  const names = test.constructions ?? []
  const rows = [...new Set(names)].map((name) => {
    const places = names.flatMap((other, i) => (other === name ? [i] : []))
    const right = places.filter((i) => predictions[i]?.label === test.labels[i]).length
    const shortest = places.toSorted((a, b) => (test.texts[a] ?? '').length - (test.texts[b] ?? '').length)[0] ?? 0
    return { name, example: test.texts[shortest] ?? '', share: right / places.length }
  })
  output.text(heading('the LSTM by construction'))
  output.text(
    table(
      [{ name: 'construction' }, { name: 'right', numeric: true }, { name: 'a review of this kind', wrap: true }],
      rows.toSorted((a, b) => b.share - a.share).map(({ name, share, example }) => [name, percent(share), example]),
    ),
  )
}

/** Each pair, its labels, and the words that decided them. */
function showPairs(output: Output, decisions: readonly Attribution[]): void {
  output.text(heading('the same words in another order, and the words that decided'))
  for (const [i, { text, label, probability, words }] of decisions.entries()) {
    if (i % 2 === 0 && i > 0) output.text()
    const verdict = paint(label === 'positive' ? 'green' : 'red', `${label} ${percent(probability).padStart(7)}`)
    output.text(wrap(`  ${verdict}  ${highlighted(text, words)}`, outputColumns(), 20))
    output.text(paint('dim', `                    ${strongest(words, 4)}`))
  }
}
